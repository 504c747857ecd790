"""Gaze: where the dark of each iris lies in the eye, and whether it has just jumped sideways.

Two measures of one patch: the centroid of what is dark, which is steady and shows jumps, and the
place of a dark bar as wide as an iris between lighter sides, which shows where the eye looks. Up
and down is left alone: lids that rise or tighten shift the dark just so.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S

_WIDTH_IOD, _HEIGHT_IOD = 0.36, 0.14
_ROWS_IOD = 0.10  # of the middle, for the bar: without lashes
_BAR_IOD, _SIDE_IOD = 0.20, 0.09  # an iris is 12 mm wide, eyes are 63 mm apart
_FINER = 4  # places a pixel
_WINDOW_S = 0.12  # a saccade takes 0.02 to 0.1 s
_STEP_S = 0.012


class GazeWatcher:
    """Follows both irises of one face. State: their places in the last tenth of a second."""

    def __init__(self) -> None:
        self._places: deque[tuple[float, NDArray[np.float64]]] = deque()
        self._shift_iod = 0.0
        self.offset_iod = 0.0  # of the irises from the middles of the eyes, > 0: to the right

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
        grey = _eye_patches(image, eyes_px, iod_px)
        now = _centroids_px(grey) / iod_px
        while self._places and self._places[0][0] < time_s - _WINDOW_S - TIE_S:
            self._places.popleft()
        self.offset_iod = _bar_places_iod(grey, iod_px)
        self._shift_iod = _largest_common(now, [then for _, then in self._places])
        self._places.append((time_s, now))
        return self._shift_iod


def _eye_patches(
    image: NDArray[np.uint8], eyes_px: NDArray[np.float64], iod_px: float
) -> NDArray[np.float32]:
    """Grey patches [2, h, w] around both eye centres."""
    width, height = max(7, round(_WIDTH_IOD * iod_px)), max(3, round(_HEIGHT_IOD * iod_px))
    grey = np.empty((len(eyes_px), height, width), dtype=np.float32)
    for eye, (x, y) in enumerate(eyes_px.tolist()):
        cv2.getRectSubPix(image, (width, height), (x, y), patch=grey[eye], patchType=cv2.CV_32F)
    return grey


def _centroids_px(grey: NDArray[np.float32]) -> NDArray[np.float64]:
    """Horizontal centroids [2] of what is darker than each eye's mean, from the patch's middle."""
    eyes, height, width = grey.shape
    mean = np.add.reduce(grey.reshape(eyes, -1), axis=1) / np.float32(width * height)
    dark = np.add.reduce(np.maximum(mean[:, None, None] - grey, 0.0), axis=1)
    moments = dark @ np.arange(width, dtype=np.float64)
    total = np.add.reduce(dark, axis=1).astype(np.float64)
    return np.asarray(moments / (total + 1e-3) - 0.5 * (width - 1))


def _bar_places_iod(grey: NDArray[np.float32], iod_px: float) -> float:
    """Mean place of the darkest bar of each eye, from the patch's middle, in IOD."""
    height, width = grey.shape[1:]
    margin = max(0, (height - max(3, round(_ROWS_IOD * iod_px))) // 2)
    rows = np.add.reduce(grey[:, margin : height - margin], axis=1)  # [2, w]
    places, contrast_of = _bars(width)
    found = [_top(places, contrast) for contrast in rows @ contrast_of]
    return sum(found) / len(found)


@functools.lru_cache(maxsize=64)
def _bars(width: int) -> tuple[list[float], NDArray[np.float32]]:
    """Places [P] of bars in IOD from the middle of a patch, and the map [w, P] of its columns to
    how much darker than its sides each bar is.
    """
    iod_px = width / _WIDTH_IOD
    edges = np.arange(width + 1, dtype=np.float64) - 0.5  # of the columns
    half, side = 0.5 * _BAR_IOD * iod_px, _SIDE_IOD * iod_px
    reach = 0.5 * width - half  # one side of the outermost bars is out of the patch
    places_px = np.linspace(-reach, reach, max(3, round(_FINER * 2 * reach) + 1))
    middle = 0.5 * (width - 1)
    bar = _cover(edges, middle + places_px - half, middle + places_px + half)
    all_of_it = _cover(edges, middle + places_px - half - side, middle + places_px + half + side)
    sides = all_of_it - bar
    contrast = sides / sides.sum(axis=0) - bar / bar.sum(axis=0)
    return list(places_px / iod_px), contrast.astype(np.float32)


def _cover(
    edges: NDArray[np.float64], left: NDArray[np.floating], right: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Share [w, P] of each column between `left` and `right` [P]."""
    ends = np.minimum(edges[1:, None], right) - np.maximum(edges[:-1, None], left)
    return np.asarray(np.maximum(ends, 0.0))


def _top(places: Sequence[float], contrast: NDArray[np.float32]) -> float:
    """Where the parabola through the highest value and its neighbours is highest."""
    peak = int(np.argmax(contrast))
    if not 0 < peak < len(places) - 1:
        return places[peak]
    before, top, after = contrast[peak - 1 : peak + 2].tolist()
    bend = before - 2.0 * top + after
    part = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return places[peak] + part * (places[1] - places[0])


def _largest_common(now: NDArray[np.float64], then: Sequence[NDArray[np.float64]]) -> float:
    """Longest of the parts of sideways shifts [2] that both eyes share; 0 where they disagree."""
    first, second = now.tolist()
    shifts = ((first - x, second - y) for x, y in (place.tolist() for place in then))
    return max((min(abs(a), abs(b)) for a, b in shifts if a * b > 0.0), default=0.0)
