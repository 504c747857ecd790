"""The test picture of a new detector."""

from __future__ import annotations

from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray


def known_face() -> NDArray[np.uint8]:
    """A public-domain portrait (NASA, Eileen Collins), RGB."""
    data = (resources.files("streamer") / "assets" / "known_face.jpg").read_bytes()
    picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
