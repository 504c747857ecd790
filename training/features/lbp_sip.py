"""LBP-SIP (Wang et al., ACCV 2014): local binary patterns on the six intersection points.

The three planes of LBP-TOP with four neighbours each share points: {D, E, F, G} in x-y,
{E, A, G, B} in x-t, {D, A, F, B} in y-t. Only six are distinct: the four neighbours in the frame
and the same place one radius before (A) and after (B). Counted are the patterns of the four (16)
and of the two (4): 20 bins a block where LBP-TOP with four neighbours has 48, the 2.4 times that
the paper names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, check_ranges
from training.features.flows import check_clip
from training.features.places import blocks, face_place, stretches

SPATIAL, TEMPORAL = 16, 4


@dataclass(frozen=True, slots=True)
class LbpSip:
    """Histograms of `rows` x `columns` x `times` blocks, spatial and temporal each of sum one."""

    rows: Annotated[int, Range(1, 64)] = 8
    columns: Annotated[int, Range(1, 64)] = 8
    times: Annotated[int, Range(1, 64)] = 1
    overlap: Annotated[float, Range(0.0, 0.95)] = 0.0
    radius: Annotated[int, Range(1, 16)] = 1  # on the face
    time_radius: Annotated[int, Range(1, 16)] = 1  # frames

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[times * rows * columns * 20] of a clip uint8 [T, S, S].

        Raises:
            ValueError: it is no clip, or shorter or smaller than radius and blocks need.
        """
        check_clip(clip, 2 * self.time_radius + self.times)
        face = clip[(slice(None), *face_place(clip.shape[1]))]
        codes = six_point_codes(face, self.radius, self.time_radius)
        places = blocks(codes[0].shape[1:], self.rows, self.columns, self.overlap)
        found = [
            _histogram(part[(time, *place)], count)
            for time in stretches(codes[0].shape[0], self.times)
            for place in places
            for part, count in zip(codes, (SPATIAL, TEMPORAL), strict=True)
        ]
        return np.concatenate(found)


def six_point_codes(
    clip: NDArray[np.uint8], radius: int, time_radius: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Spatial codes 0..15 and temporal codes 0..3 of the voxels that have all their neighbours.

    Bits from the lowest: right, up, left, down; before, after. A neighbour that is not darker than
    the voxel sets its bit.
    """
    r, t = radius, time_radius

    def at(dt: int, dy: int, dx: int) -> NDArray[np.uint8]:
        frames, height, width = clip.shape
        return clip[t + dt : frames - t + dt, r + dy : height - r + dy, r + dx : width - r + dx]

    own = at(0, 0, 0)
    around = [at(0, 0, r), at(0, -r, 0), at(0, 0, -r), at(0, r, 0)]
    return _code(own, around), _code(own, [at(-t, 0, 0), at(t, 0, 0)])


def _code(own: NDArray[np.uint8], around: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    bits = [(neighbour >= own).astype(np.uint8) << place for place, neighbour in enumerate(around)]
    return np.asarray(sum(bits), dtype=np.uint8)


def _histogram(codes: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    return (np.bincount(codes.ravel(), minlength=count) / codes.size).astype(np.float32)
