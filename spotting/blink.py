"""Eyelids and gaze: how far the picture of the eyes has left its usual look."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_WIDTH_IOD, _HEIGHT_IOD = 0.46, 0.22
_LOOK_S = 0.7  # how quickly the usual look follows (more slowly while the eyes are busy)
_RISE_S, _FALL_S = 3.0, 0.3  # how quickly the usual change follows, upwards and downwards


class EyeWatcher:
    """Keeps the usual look of both eyes of one face and measures departures.

    A blink shuts both eyes, so the eye that changed less decides; one eye behind a hand or hair
    does not count as a blink.
    """

    def __init__(self) -> None:
        self._usual: list[NDArray[np.float32]] = []
        self._level = 0.0
        self._before_s = 0.0
        self._seen_s = 0.0

    def push(
        self,
        image: NDArray[np.uint8],
        centres_px: NDArray[np.float64],
        iod_px: float,
        time_s: float,
    ) -> float:
        """Change of the eyes above its usual level: near 0 at rest, 0.2 to 0.7 in a blink.

        `image` is the grey aligned face, `centres_px` [2, 2] where its eye centres are now.
        """
        now = [_cut(image, centre, iod_px) for centre in centres_px]
        if len(self._usual) != 2 or any(
            a.shape != b.shape for a, b in zip(self._usual, now, strict=True)
        ):
            self._usual, self._before_s = now, time_s
            return 0.0
        change = min(1.0 - float((a * b).mean()) for a, b in zip(self._usual, now, strict=True))
        step_s, self._before_s = time_s - self._before_s, time_s
        excess = change - self._level
        self._seen_s += step_s
        rise_s = min(_RISE_S, self._seen_s)  # learn the usual level of a new face at once
        self._level += excess * (1.0 - np.exp(-step_s / (rise_s if excess > 0 else _FALL_S)))
        calm = max(0.1, 1.0 - max(excess, 0.0) / 0.2)
        share = np.float32(calm * (1.0 - np.exp(-step_s / _LOOK_S)))
        self._usual = [a + share * (b - a) for a, b in zip(self._usual, now, strict=True)]
        return excess


def _cut(image: NDArray[np.uint8], centre: NDArray, iod_px: float) -> NDArray[np.float32]:
    """One eye, zero mean and unit variance."""
    size = (max(5, round(_WIDTH_IOD * iod_px)), max(3, round(_HEIGHT_IOD * iod_px)))
    centre_px = (float(centre[0]), float(centre[1]))
    grey = cv2.getRectSubPix(image, size, centre_px, patchType=cv2.CV_32F)
    grey -= grey.mean()
    return np.asarray(grey / (np.sqrt((grey * grey).mean()) + 2.0))
