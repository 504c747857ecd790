"""Why a picture has no face, as far as it tells itself."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.records import MissingFace, NoFace
from streamer.faces.finder import Sighting

# Grey levels, 0..255, of a picture in which nobody can be seen; a dim room has a mean above 30.
_DARK_MEAN, _DARK_BRIGHT = 16.0, 48.0
_BRIGHT_MEAN = 235.0
_FLAT_SPAN = 16.0  # between the 5th and the 95th percentile
_FACE_LIKE = 0.7  # the detector's score: below it textures look like faces in any roll, too
_SHOWN_PX = 320


def explain(image: NDArray[np.uint8], seen: Sighting) -> MissingFace:
    """The reason for a picture [H, W, 3] in which the detector saw no more than `seen`."""
    grey = _small_grey(image)
    mean = float(grey.mean())
    low, bright = np.percentile(grey, (5, 95))
    if mean < _DARK_MEAN and bright < _DARK_BRIGHT:
        return MissingFace(NoFace.DARK, round(mean, 1))
    if mean > _BRIGHT_MEAN or bright - low < _FLAT_SPAN:
        return MissingFace(NoFace.FLAT, round(mean, 1))
    if seen.small_px is not None:
        return MissingFace(NoFace.SMALL, round(seen.small_px, 1))
    if seen.turned_deg is not None and seen.best >= _FACE_LIKE:
        return MissingFace(NoFace.TURNED, seen.turned_deg)
    return MissingFace(NoFace.NOTHING, round(seen.best, 2))


def _small_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = max(1, max(image.shape[:2]) // _SHOWN_PX)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image[::step, ::step]), cv2.COLOR_RGB2GRAY))
