"""Eyelid and gaze change: how far the picture of each eye has left that of the reference."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.landmarks import eye_centres

_WIDTH_IOD, _HEIGHT_IOD = 0.46, 0.22


class EyePictures:
    """The two eyes of a reference face; compares later faces with them."""

    def __init__(
        self, image: NDArray[np.uint8], landmarks_px: NDArray[np.float32], iod_px: float
    ) -> None:
        self._centres = eye_centres(landmarks_px)
        self._size = (max(5, round(_WIDTH_IOD * iod_px)), max(3, round(_HEIGHT_IOD * iod_px)))
        self._pictures = [self._cut(image, centre) for centre in self._centres]

    def change(self, image: NDArray[np.uint8], head_px: NDArray) -> float:
        """1 - correlation with the reference, of the eye that changed less (a blink shuts both)."""
        now = [self._cut(image, centre + head_px) for centre in self._centres]
        return min(
            1.0 - float((a * b).mean()) for a, b in zip(self._pictures, now, strict=True)
        )

    def _cut(self, image: NDArray[np.uint8], centre: NDArray) -> NDArray[np.float32]:
        """One eye, grey, zero mean and unit variance."""
        x, y = float(centre[0]), float(centre[1])
        patch = cv2.getRectSubPix(image, self._size, (x, y)).astype(np.float32).mean(axis=2)
        return (patch - patch.mean()) / (patch.std() + 2.0)
