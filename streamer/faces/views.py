"""Which parts of a picture the face detector is shown, and how they are turned.

The detector sees 128 x 128 pixels. It finds nearly all faces with 7 of these between the eyes, and
few below 5 (`benchmarks/any_face.py`); in a whole 4K picture 7 are 210. So a picture is looked
through in tiles too, each a square that is shown alone, down to `LEAST_TILE_PX`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_TILE_PX = 240  # faces of 13 pixels between the eyes
MOST_TILES = 64  # of one size: beyond that the search would take too long
_STEP = 0.75  # of a tile's side: the overlap holds a face that the next larger tiles miss
_SHOWN_PX = 256  # twice what the detector takes: sampled straight from more, it would alias


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture, turned counter-clockwise by `quarters` of a full turn.

    A face that stands turned clockwise by as much is upright in it.
    """

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    quarters: int = 0

    def cut(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """The view of a picture [H, W, 3], and by how much it was scaled."""
        bottom, right = self.top_px + self.height_px, self.left_px + self.width_px
        part = image[self.top_px : bottom, self.left_px : right]
        if self.quarters == 0 and is_all(self, image):
            return part, 1.0
        part, scale = smaller(part, max(part.shape[:2]))
        return np.ascontiguousarray(np.rot90(part, self.quarters)), scale

    def back(self, points_px: NDArray, scale: float) -> NDArray[np.float64]:
        """Points [N, 2] of the view, as `cut` made it, in the whole picture."""
        u, v = (np.asarray(points_px, dtype=np.float64) / scale).T
        w, h = float(self.width_px), float(self.height_px)
        x, y = ((u, v), (w - v, u), (w - u, h - v), (v, h - u))[self.quarters]
        return np.stack([x + self.left_px, y + self.top_px], axis=1)


def smaller(part: NDArray[np.uint8], side_px: float) -> tuple[NDArray[np.uint8], float]:
    """A picture averaged down so far that a side of it is 256 pixels; and by how much."""
    scale = min(1.0, _SHOWN_PX / side_px)
    if scale == 1.0:
        return part, 1.0
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA)), scale


def whole(width_px: int, height_px: int, quarters: int = 0) -> View:
    """The view of all."""
    return View(0, 0, width_px, height_px, quarters)


def is_all(view: View, image: NDArray[np.uint8]) -> bool:
    """Whether a view shows the whole picture."""
    return (view.height_px, view.width_px) == image.shape[:2]


def around(
    x_px: float, y_px: float, side_px: float, size_px: tuple[int, int], quarters: int
) -> View:
    """The square of that side around a place, as far as a picture (width, height) holds it."""
    spans = []
    for centre, limit in zip((x_px, y_px), size_px, strict=True):
        low = int(np.clip(centre - side_px / 2, 0, limit - 1))
        high = int(np.clip(centre + side_px / 2, low + 1, limit))
        spans.append((low, high - low))
    (left, width), (top, height) = spans
    return View(left, top, width, height, quarters)


@lru_cache(maxsize=64)
def further_views(width_px: int, height_px: int, quarters: int) -> tuple[View, ...]:
    """What to look through besides the whole picture as it stands, the likeliest first.

    The whole picture in the other three rolls; tiles as it stands; tiles in the other rolls.
    """
    others = [(quarters + by) % 4 for by in (2, 1, 3)]
    tiles = _tiles(width_px, height_px)
    return (
        *(whole(width_px, height_px, turn) for turn in others),
        *(replace(tile, quarters=turn) for turn in (quarters, *others) for tile in tiles),
    )


def _tiles(width_px: int, height_px: int) -> list[View]:
    """Squares with the picture's shorter side, its half, ..., the largest first."""
    tiles: list[View] = []
    side = min(width_px, height_px)
    while side >= LEAST_TILE_PX:
        tops, lefts = _starts(height_px, side), _starts(width_px, side)
        if 1 < len(tops) * len(lefts) <= MOST_TILES:
            tiles += [View(left, top, side, side) for top in tops for left in lefts]
        side //= 2
    return tiles


def _starts(length_px: int, side_px: int) -> list[int]:
    """Where tiles begin that cover a length evenly."""
    room = length_px - side_px
    steps = int(np.ceil(room / (_STEP * side_px)))
    return [round(room * n / steps) for n in range(steps + 1)] if steps > 0 else [0]
