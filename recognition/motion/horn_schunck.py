"""Horn-Schunck flow (Horn and Schunck, Artificial Intelligence 1981), coarse to fine.

    minimise  sum (I_x u + I_y v + I_t)^2 + weight^2 (|grad u|^2 + |grad v|^2)

by their own iteration, with I_t taken after the second picture was moved back by the flow so far.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.motion.coarse_to_fine import Field, Slopes, coarse_to_fine

_WEIGHT = 8.0  # grey levels: of smoothness
_ROUNDS = 60  # after every warp
_MEAN = np.array([[1, 2, 1], [2, 0, 2], [1, 2, 1]], dtype=np.float32) / 12  # of the neighbours


def horn_schunck(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Field:
    """The flow [H, W, 2] in pixels between two grey pictures."""
    return coarse_to_fine(first, second, _solve)


def _solve(slope: Slopes, start: Field) -> Field:
    slant = np.stack([slope.x, slope.y], axis=-1)
    share = slant / (_WEIGHT**2 + (slant**2).sum(axis=-1, keepdims=True))
    rest = slope.t - (slant * start).sum(axis=-1)
    flow = start
    for _ in range(_ROUNDS):
        mean = cv2.filter2D(flow, -1, _MEAN, borderType=cv2.BORDER_REPLICATE)
        error = (slant * mean).sum(axis=-1) + rest
        flow = mean - share * error[..., None]
    return np.asarray(flow, dtype=np.float32)
