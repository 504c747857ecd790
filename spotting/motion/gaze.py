"""Gaze: where the dark of each iris lies in the eye, and whether it has just jumped sideways.

Up and down is left alone: lids that rise or tighten shift the dark just so.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S

_WIDTH_IOD, _HEIGHT_IOD = 0.36, 0.14
_WINDOW_S = 0.12  # a saccade takes 0.02 to 0.1 s
_STEP_S = 0.012


class GazeWatcher:
    """Follows both irises of one face. State: their places in the last tenth of a second."""

    def __init__(self) -> None:
        self._places: deque[tuple[float, NDArray[np.float64]]] = deque()
        self._shift_iod = 0.0

    def push(
        self,
        image: NDArray[np.uint8],
        eyes_px: NDArray[np.float64],
        iod_px: float,
        time_s: float,
    ) -> float:
        """How far both irises have gone to the same side within the window, in IOD.

        `image` is the grey aligned face, `eyes_px` [2, 2] where its eye centres are now. The eye
        that went less decides, and irises that part or stay count as zero.
        """
        if self._places and time_s < self._places[-1][0] + _STEP_S - TIE_S:
            return self._shift_iod
        now = np.array([_iris_x_px(image, eye, iod_px) for eye in eyes_px]) / iod_px
        while self._places and self._places[0][0] < time_s - _WINDOW_S - TIE_S:
            self._places.popleft()
        self._shift_iod = max((_common(now - then) for _, then in self._places), default=0.0)
        self._places.append((time_s, now))
        return self._shift_iod


def _iris_x_px(image: NDArray[np.uint8], eye_px: NDArray[np.float64], iod_px: float) -> float:
    """Horizontal centroid of what is darker than the eye's mean, from the middle of the patch."""
    size = (max(7, round(_WIDTH_IOD * iod_px)), max(3, round(_HEIGHT_IOD * iod_px)))
    centre = (float(eye_px[0]), float(eye_px[1]))
    grey = cv2.getRectSubPix(image, size, centre, patchType=cv2.CV_32F)
    dark = np.maximum(float(grey.mean()) - grey, 0.0).sum(axis=0)
    middle = float(dark @ np.arange(size[0])) / (float(dark.sum()) + 1e-3)
    return middle - 0.5 * (size[0] - 1)


def _common(shifts: NDArray[np.float64]) -> float:
    """Length of the part of two sideways shifts [2] that both eyes share; 0 if they disagree."""
    first, second = shifts.tolist()
    return min(abs(first), abs(second)) if first * second > 0.0 else 0.0
