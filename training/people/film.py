"""The frames of a base as the benchmark uses them: at most so large, cut to where the face goes.

A face of 120 px between the eyes holds more than the aligned square shows of it, so larger ones are
averaged down and what lies far from the face is cut off: the set is made and analysed in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.people.meshes import MeshTrack

LARGEST_IOD_PX = 120.0
_MARGIN_IOD = 1.5  # kept around the places where the face is
_SMALL_PX = 600_000  # a picture of so few pixels is not cut


@dataclass(frozen=True, slots=True)
class Framing:
    """What of a picture is used, and how much smaller: cut first, then scaled. Sides are even."""

    columns: tuple[int, int]
    rows: tuple[int, int]
    scale: float

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture [H, W, 3] cut and scaled."""
        part = image[slice(*self.rows), slice(*self.columns)]
        if self.scale == 1.0:
            return np.ascontiguousarray(part)
        size = self.size_px
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        sides = (self.columns[1] - self.columns[0], self.rows[1] - self.rows[0])
        width, height = (2 * round(0.5 * self.scale * side) for side in sides)
        return width, height

    def points(self, landmarks_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """Landmarks [..., 3] of the whole picture in pixels of this one."""
        moved = landmarks_px - np.array([self.columns[0], self.rows[0], 0.0], dtype=np.float32)
        # A pixel's middle lies half a pixel from its corner, before and after.
        moved[..., :2] = (moved[..., :2] + 0.5) * self.scale - 0.5
        moved[..., 2] *= self.scale
        return np.asarray(moved, dtype=np.float32)


def frame_face(track: MeshTrack) -> Framing:
    """How a recording is cut and scaled."""
    width, height = track.size_px
    even = (0, width // 2 * 2), (0, height // 2 * 2)
    iod_px = float(np.nanmedian(track.iod_px()))
    if not np.isfinite(iod_px):
        return Framing(*even, 1.0)
    scale = min(1.0, LARGEST_IOD_PX / iod_px)
    if width * height * scale**2 <= _SMALL_PX:
        return Framing(*even, scale)
    low = np.nanmin(track.landmarks_px[..., :2], axis=(0, 1)) - _MARGIN_IOD * iod_px
    high = np.nanmax(track.landmarks_px[..., :2], axis=(0, 1)) + _MARGIN_IOD * iod_px
    sides = [_even_part(a, b, side) for a, b, side in zip(low, high, track.size_px, strict=True)]
    return Framing(sides[0], sides[1], scale)


def _even_part(low: float, high: float, side_px: int) -> tuple[int, int]:
    """A part of even length inside 0 .. side_px."""
    first = max(0, int(low) // 2 * 2)
    last = min(side_px, int(np.ceil(high)))
    return first, first + (last - first) // 2 * 2
