"""Why a picture has no face, as far as it tells itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
_CLUE_S = 5.0  # about as long as it takes to look through all views of a 4K picture
# Recordings of people lie above it as they are, and below it once they are blurred so far that the
# detector finds nobody (by a twenty-fifth of the picture).
_SHARP = 0.045


@dataclass(slots=True)
class LastClue:
    """What something like a face was, when one was last seen: a search sees a part of the views."""

    missing: MissingFace | None = None
    time_s: float = -math.inf

    def among(self, missing: MissingFace, time_s: float) -> MissingFace:
        """The reason of a search, or the clue of one not long before where this one has none."""
        if missing.reason in (NoFace.SMALL, NoFace.TURNED):
            self.missing, self.time_s = missing, time_s
        has_none = missing.reason in (NoFace.NOTHING, NoFace.BLURRED)
        if has_none and self.missing is not None and time_s - self.time_s <= _CLUE_S:
            return self.missing
        return missing


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
    sharpness = sharpness_of(grey)
    if sharpness < _SHARP:
        return MissingFace(NoFace.BLURRED, round(sharpness, 3))
    return MissingFace(NoFace.NOTHING, round(seen.best, 2))


def sharpness_of(grey: NDArray[np.uint8]) -> float:
    """Mean length of the Laplacian of a picture [H, W] over the spread of its grey levels."""
    levels = grey.astype(np.float32)
    return float(np.abs(cv2.Laplacian(levels, cv2.CV_32F)).mean() / max(levels.std(), 1e-6))


def _small_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture averaged down to 320 pixels, [H, W]: grain and noise are gone."""
    scale = _SHOWN_PX / max(image.shape[:2])
    if scale < 1.0:
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
