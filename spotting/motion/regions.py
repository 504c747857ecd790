"""Where motion is measured: cells on the face mesh, pooled to regions named after the face.

Left and right are as seen in the image. A cell is a point tracked from frame to frame, placed at a
mesh landmark or between two. Cells with a `rigid` weight carry the head; the eyelids carry nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# region -> landmark pairs (a, b): the cell lies midway; a == b: at the landmark itself
_CELLS: dict[str, tuple[tuple[int, int], ...]] = {
    "brow_outer_left": ((70, 46), (63, 53), (105, 52), (70, 53), (63, 52)),
    "brow_inner_left": ((105, 52), (66, 65), (107, 55), (105, 65), (66, 55)),
    "brow_inner_right": ((334, 282), (296, 295), (336, 285), (334, 295), (296, 285)),
    "brow_outer_right": ((300, 276), (293, 283), (334, 282), (300, 283), (293, 282)),
    "eye_left": ((159, 159), (158, 158), (160, 160), (145, 145), (144, 153)),
    "eye_right": ((386, 386), (385, 385), (387, 387), (374, 374), (373, 380)),
    "nose_left": ((129, 129), (48, 48), (49, 198), (129, 49), (64, 64)),
    "nose_right": ((358, 358), (278, 278), (279, 420), (358, 279), (294, 294)),
    "cheek_left": ((50, 50), (205, 205), (101, 101), (118, 118), (36, 36)),
    "cheek_right": ((280, 280), (425, 425), (330, 330), (347, 347), (266, 266)),
    "mouth_left": ((61, 61), (57, 57), (186, 186), (40, 40), (91, 91)),
    "mouth_right": ((291, 291), (287, 287), (410, 410), (270, 270), (321, 321)),
    "lip_upper": ((0, 0), (37, 37), (267, 267), (164, 164), (0, 164)),
    "lip_lower": ((17, 17), (84, 84), (314, 314), (18, 18), (17, 18)),
    "chin": ((199, 199), (200, 200), (208, 208), (428, 428), (175, 175)),
}
CELLS_PER_REGION = 5

REGION_NAMES: tuple[str, ...] = tuple(_CELLS)

# Cells that facial actions hardly move, with the weight they have in the head-motion fit.
_RIGID: tuple[tuple[int, float], ...] = (
    (168, 1.0), (6, 1.0), (197, 1.0), (195, 1.0), (5, 0.7), (4, 0.7), (193, 0.7), (417, 0.7),
    (122, 1.0), (351, 1.0), (133, 0.7), (362, 0.7), (33, 0.7), (263, 0.7), (143, 0.8), (372, 0.8),
    (116, 0.8), (345, 0.8), (227, 0.7), (447, 0.7), (139, 0.8), (368, 0.8), (151, 0.3), (10, 0.3),
    (69, 0.3), (299, 0.3), (123, 0.6), (352, 0.6), (147, 0.4), (376, 0.4),
)  # fmt: skip
_RIGID_IN_REGIONS = {
    "nose_left": 0.4, "nose_right": 0.4, "cheek_left": 0.2, "cheek_right": 0.2, "eye_left": 0.0,
    "eye_right": 0.0,
}  # fmt: skip
_RIGID_ELSEWHERE = 0.1

# Regions that a blink shakes, and the regions of each eye.
SHAKEN_BY_BLINK = tuple(
    name for name in REGION_NAMES if name.startswith(("brow", "eye", "cheek", "nose"))
)

# The halves of the face that coverage tells of: brows and lids here; nose, cheeks, mouth and chin
# are the lower one.
UPPER_FACE = tuple(name for name in REGION_NAMES if name.startswith(("brow", "eye")))


@dataclass(frozen=True, slots=True)
class Layout:
    """C cells: CELLS_PER_REGION for each region in order, then those that carry the head only."""

    first: NDArray[np.intp]  # [C] landmark
    second: NDArray[np.intp]  # [C] landmark
    rigid_weight: NDArray[np.float32]  # [C]

    def positions(self, landmarks_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cell positions [C, 3] on a mesh [468, 3], in its unit."""
        return 0.5 * (landmarks_px[self.first] + landmarks_px[self.second])

    def pool(self, motion: NDArray) -> NDArray:
        """Cell motion [C, 2] -> region motion [R, 2]: the mean of the middle three of five cells.

        One cell that lost its way (a hand, a highlight) thus moves no region.
        """
        ordered = np.sort(_by_region(motion), axis=1)
        return np.asarray((ordered[:, 1] + ordered[:, 2] + ordered[:, 3]) / 3.0)

    def pool_found(
        self, motion: NDArray, found: NDArray[np.bool_]
    ) -> tuple[NDArray, NDArray[np.bool_]]:
        """Region motion [R, 2] from the cells that were found [C], and which regions [R] have most.

        A cell that was not found goes with the others of its region: taken for one that stands
        still, it would pull the region back at once.
        """
        seen = _by_region(found)
        count = np.add.reduce(seen, axis=1)
        if count.min() == CELLS_PER_REGION:
            return self.pool(motion), count > 0
        cells = _by_region(motion)
        mean = np.add.reduce(cells * seen[..., None], axis=1) / np.maximum(count, 1)[:, None]
        filled = np.where(seen[..., None], cells, mean[:, None])
        return self.pool(filled.reshape(-1, 2)), count > CELLS_PER_REGION // 2

    def median(self, quality: NDArray) -> NDArray:
        """Cell values [C] -> region values [R]: the middle one of five cells."""
        return np.sort(_by_region(quality), axis=1)[:, CELLS_PER_REGION // 2]


def _by_region(cells: NDArray) -> NDArray:
    """Cell values [C, ...] -> those of each region, [R, 5, ...]."""
    n_regions = len(REGION_NAMES)
    inside = cells[: n_regions * CELLS_PER_REGION]
    return inside.reshape(n_regions, CELLS_PER_REGION, *cells.shape[1:])


def build_layout() -> Layout:
    """The layout of all cells, regions first, rigid cells last."""
    pairs = [pair for cells in _CELLS.values() for pair in cells]
    weights = [
        _RIGID_IN_REGIONS.get(name, _RIGID_ELSEWHERE) for name, c in _CELLS.items() for _ in c
    ]
    pairs += [(index, index) for index, _ in _RIGID]
    weights += [weight for _, weight in _RIGID]
    first, second = np.array(pairs, dtype=np.intp).T
    return Layout(first, second, np.array(weights, dtype=np.float32))


LAYOUT = build_layout()
