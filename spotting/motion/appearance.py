"""How much small patches of a face differ from their usual appearance: eyes, covered skin."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S

_USUAL_S = 0.7  # how quickly the usual appearance follows (more slowly while patches change)
_RISE_S, _FALL_S = 3.0, 0.3  # how quickly the usual change follows, upwards and downwards


class AppearanceWatcher:
    """Learns the usual appearance of a few patches of one face and measures changes.

    The patch of the given rank decides: with rank 0 of two eyes the one that changed less, because
    a blink closes both, while a hand covers one. Frames that follow within `step_s` are skipped.
    """

    def __init__(self, width_iod: float, height_iod: float, rank: int, step_s: float) -> None:
        self._size_iod = (width_iod, height_iod)
        self._rank = rank
        self._step_s = step_s
        self._usual: NDArray[np.float32] | None = None  # [P, pixels]
        self._excess = 0.0
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
        if self._usual is not None and time_s < self._before_s + self._step_s - TIE_S:
            return self._excess
        now = self._cut(image, centres_px, iod_px)
        if self._usual is None or self._usual.shape != now.shape:
            self._usual, self._before_s = now, time_s
            return 0.0
        alike = np.einsum("pn,pn->p", self._usual, now) / now.shape[1]
        change = 1.0 - sorted(alike.tolist(), reverse=True)[self._rank]
        step_s, self._before_s = time_s - self._before_s, time_s
        excess = change - self._level
        self._seen_s += step_s
        rise_s = min(_RISE_S, self._seen_s)  # learn the usual level of a new face at once
        self._level += excess * (1.0 - math.exp(-step_s / (rise_s if excess > 0 else _FALL_S)))
        calm = max(0.1, 1.0 - max(excess, 0.0) / 0.2)
        share = calm * (1.0 - math.exp(-step_s / _USUAL_S))
        self._usual += np.float32(share) * (now - self._usual)
        self._excess = excess
        return excess

    def _cut(
        self, image: NDArray[np.uint8], centres_px: NDArray[np.float64], iod_px: float
    ) -> NDArray[np.float32]:
        """The patches [P, pixels] with zero mean and, unless they are flat, unit variance."""
        width, height = self._size_iod
        size = (max(5, round(width * iod_px)), max(3, round(height * iod_px)))
        patches = np.empty((len(centres_px), size[0] * size[1]), dtype=np.float32)
        for row, (x, y) in enumerate(centres_px.tolist()):
            patch = patches[row].reshape(size[1], size[0])
            cv2.getRectSubPix(image, size, (x, y), patch=patch, patchType=cv2.CV_32F)
        patches -= np.add.reduce(patches, axis=1, keepdims=True) / patches.shape[1]
        power = np.einsum("pn,pn->p", patches, patches) / patches.shape[1]
        patches /= (np.sqrt(power) + 2.0)[:, None]
        return patches
