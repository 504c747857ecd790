"""What a face cannot do: the last bound of what is measured.

A track that is lost in spite of all checks shall cost a region its measurement, never make a
movement that no face can make. The limits lie above the largest voluntary movements.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import CELLS_PER_REGION, LAYOUT, REGION_NAMES

_FARTHEST_IOD = {
    "brow": 0.25,
    "eye": 0.25,
    "nose": 0.2,
    "cheek": 0.25,
    "mouth": 0.45,
    "lip": 0.45,
    "chin": 0.6,
}
_FORGET_S = 10.0  # what is carried from reference to reference fades, or their errors add up

# [R] and [C], IOD: how far a region, or a cell in it, can be from where it is at rest
FARTHEST_IOD: NDArray[np.float64] = np.array(
    [_FARTHEST_IOD[name.partition("_")[0]] for name in REGION_NAMES]
)
_CELLS_OF_HEAD = len(LAYOUT.first) - CELLS_PER_REGION * len(REGION_NAMES)
CELL_FARTHEST_IOD: NDArray[np.float64] = np.concatenate(
    [np.repeat(FARTHEST_IOD, CELLS_PER_REGION), np.full(_CELLS_OF_HEAD, _FARTHEST_IOD["nose"])]
)


def within_limits(displacement_iod: NDArray) -> NDArray[np.float32]:
    """Region displacements [R, 2], shortened to what their regions can do."""
    length = np.hypot(displacement_iod[:, 0], displacement_iod[:, 1])
    share = np.minimum(1.0, FARTHEST_IOD / np.maximum(length, 1e-9))
    return (displacement_iod * share[:, None]).astype(np.float32)


def faded(carried_iod: NDArray, age_s: float) -> NDArray:
    """What is left after `age_s` of a displacement that was carried over."""
    return np.asarray(carried_iod * math.exp(-max(age_s, 0.0) / _FORGET_S))
