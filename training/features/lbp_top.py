"""LBP-TOP (Zhao and Pietikainen, PAMI 2007): local binary patterns on three orthogonal planes.

The clip is read as slices x-y, x-t and y-t; in each, a voxel's eight neighbours on a circle are
compared with it, and the patterns with at most two changes around the circle (58 of them, the rest
together) are counted in every block. Voxels nearer than the radius to any end of the clip are not
asked, as in the authors' code. Codes by scikit-image. Its circle is round, so the radius along time
is that along the face; the field's usual radius is 3 for all three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern

from streamer.core.ranges import Range, check_ranges
from training.features.flows import check_clip
from training.features.places import blocks, face_place, stretches

POINTS = 8
PATTERNS = POINTS * (POINTS - 1) + 3  # 59


@dataclass(frozen=True, slots=True)
class LbpTop:
    """Histograms of `rows` x `columns` x `times` blocks, each and each plane of sum one."""

    rows: Annotated[int, Range(1, 64)] = 8
    columns: Annotated[int, Range(1, 64)] = 8
    times: Annotated[int, Range(1, 64)] = 1
    overlap: Annotated[float, Range(0.0, 0.95)] = 0.7  # of neighbouring blocks on the face
    radius: Annotated[int, Range(1, 16)] = 3

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[times * rows * columns * 3 * 59] of a clip uint8 [T, S, S].

        Raises:
            ValueError: it is no clip, or shorter or smaller than radius and blocks need.
        """
        return self.histograms(clip).ravel()

    def histograms(self, clip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[times, rows * columns, 3, 59]; the errors are those of a call."""
        check_clip(clip, 2 * self.radius + self.times)
        face = clip[(slice(None), *face_place(clip.shape[1]))]
        codes = plane_codes(face, self.radius)  # [3, t, h, w]
        places = blocks(codes.shape[2:], self.rows, self.columns, self.overlap)
        return np.stack(
            [
                np.stack([_histograms(codes[(slice(None), time, *place)]) for place in places])
                for time in stretches(codes.shape[1], self.times)
            ]
        )


def plane_codes(clip: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    """Codes 0..58 in x-y, x-t and y-t, [3, T - 2r, H - 2r, W - 2r], of a clip [T, H, W].

    In the slices along time, rows are frames; 0..57 are the uniform patterns.
    """
    inside = (slice(radius, -radius),) * 3
    planes = []
    for axis in (0, 1, 2):  # the axis that a slice is cut across
        slices = np.moveaxis(clip, axis, 0)
        wanted = range(radius, len(slices) - radius)
        codes = np.zeros(slices.shape, dtype=np.uint8)
        for place in wanted:
            codes[place] = local_binary_pattern(slices[place], POINTS, radius, "nri_uniform")
        planes.append(np.moveaxis(codes, 0, axis)[inside])
    return np.stack(planes)


def _histograms(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[3, 59] of codes [3, t, h, w]."""
    counted = [np.bincount(plane.ravel(), minlength=PATTERNS) for plane in codes]
    return (np.stack(counted) / codes[0].size).astype(np.float32)
