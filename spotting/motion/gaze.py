"""Gaze: where the dark of each iris lies in the eye, and whether it has just jumped sideways.

Up and down is left alone: lids that rise or tighten shift the dark just so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

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
        self.offset_iod = 0.0  # of both irises from the middles of the eyes, > 0: to the right

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
        now = _irises_x_px(image, eyes_px, iod_px) / iod_px
        while self._places and self._places[0][0] < time_s - _WINDOW_S - TIE_S:
            self._places.popleft()
        self.offset_iod = float(now.mean())
        self._shift_iod = _largest_common(now, [then for _, then in self._places])
        self._places.append((time_s, now))
        return self._shift_iod


def _irises_x_px(
    image: NDArray[np.uint8], eyes_px: NDArray[np.float64], iod_px: float
) -> NDArray[np.float64]:
    """Horizontal centroids [2] of what is darker than each eye's mean, from the patch's middle."""
    width, height = max(7, round(_WIDTH_IOD * iod_px)), max(3, round(_HEIGHT_IOD * iod_px))
    grey = np.empty((len(eyes_px), height, width), dtype=np.float32)
    for eye, (x, y) in enumerate(eyes_px.tolist()):
        cv2.getRectSubPix(image, (width, height), (x, y), patch=grey[eye], patchType=cv2.CV_32F)
    mean = np.add.reduce(grey.reshape(len(eyes_px), -1), axis=1) / np.float32(width * height)
    dark = np.add.reduce(np.maximum(mean[:, None, None] - grey, 0.0), axis=1)
    moments = dark @ np.arange(width, dtype=np.float64)
    total = np.add.reduce(dark, axis=1).astype(np.float64)
    return np.asarray(moments / (total + 1e-3) - 0.5 * (width - 1))


def _largest_common(now: NDArray[np.float64], then: Sequence[NDArray[np.float64]]) -> float:
    """Longest of the parts of sideways shifts [2] that both eyes share; 0 where they disagree."""
    first, second = now.tolist()
    shifts = ((first - x, second - y) for x, y in (place.tolist() for place in then))
    return max((min(abs(a), abs(b)) for a, b in shifts if a * b > 0.0), default=0.0)
