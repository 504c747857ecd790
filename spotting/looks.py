"""How far small patches of a face have left their usual look: eyes (blinks, gaze), covered skin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_LOOK_S = 0.7  # how quickly the usual look follows (more slowly while the patches are busy)
_RISE_S, _FALL_S = 3.0, 0.3  # how quickly the usual change follows, upwards and downwards


class LookWatcher:
    """Keeps the usual look of a few patches of one face and measures departures.

    The patch of the given rank decides: with rank 0 of two eyes the one that changed less, because
    a blink shuts both and a hand before one eye is none.
    """

    def __init__(self, width_iod: float, height_iod: float, rank: int) -> None:
        self._size_iod = (width_iod, height_iod)
        self._rank = rank
        self._usual: NDArray[np.float32] | None = None  # [P, h, w]
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
        """Change above its usual level: near 0 at rest, 0.2 to 0.7 for eyes in a blink.

        `image` is the grey aligned face, `centres_px` [P, 2] where the patches are now.
        """
        now = self._cut(image, centres_px, iod_px)
        if self._usual is None or self._usual.shape != now.shape:
            self._usual, self._before_s = now, time_s
            return 0.0
        changes = 1.0 - (self._usual * now).mean(axis=(1, 2))
        change = float(np.sort(changes)[self._rank])
        step_s, self._before_s = time_s - self._before_s, time_s
        excess = change - self._level
        self._seen_s += step_s
        rise_s = min(_RISE_S, self._seen_s)  # learn the usual level of a new face at once
        self._level += excess * (1.0 - np.exp(-step_s / (rise_s if excess > 0 else _FALL_S)))
        calm = max(0.1, 1.0 - max(excess, 0.0) / 0.2)
        share = np.float32(calm * (1.0 - np.exp(-step_s / _LOOK_S)))
        self._usual = self._usual + share * (now - self._usual)
        return excess

    def _cut(
        self, image: NDArray[np.uint8], centres_px: NDArray[np.float64], iod_px: float
    ) -> NDArray[np.float32]:
        """The patches [P, h, w], each with zero mean and unit variance."""
        width, height = self._size_iod
        size = (max(5, round(width * iod_px)), max(3, round(height * iod_px)))
        patches = np.stack(
            [
                cv2.getRectSubPix(image, size, (float(x), float(y)), patchType=cv2.CV_32F)
                for x, y in centres_px
            ]
        )
        patches -= patches.mean(axis=(1, 2), keepdims=True)
        spread = np.sqrt((patches * patches).mean(axis=(1, 2), keepdims=True))
        return np.asarray(patches / (spread + 2.0))
