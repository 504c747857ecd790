"""HOOF (Chaudhry et al., CVPR 2009): histograms of oriented optical flow, block by block.

A vector votes with its length for the bin of its direction. The original folds left onto right,
so that walking either way is one thing; a face needs its sides, so it is not folded here, and each
block's histogram has sum one (a block that does not move: zero).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, check_ranges
from training.features.flows import Field, FlowName, pair_field
from training.features.places import blocks


@dataclass(frozen=True, slots=True)
class Hoof:
    """Of the motion from onset to apex."""

    rows: Annotated[int, Range(1, 64)] = 5
    columns: Annotated[int, Range(1, 64)] = 5
    bins: Annotated[int, Range(1, 360)] = 8
    flow: FlowName = "tvl1"

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, pair: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[rows * columns * bins] of a pair uint8 [2, S, S, 3]. Raises ValueError."""
        return self.of_field(pair_field(pair, self.flow))

    def of_field(self, field: Field) -> NDArray[np.float32]:
        """The same of a motion field [h, w, 2]. Raises ValueError where it has too few pixels."""
        length = np.linalg.norm(field, axis=-1)
        places = blocks(field.shape[:2], self.rows, self.columns)
        found = [orientations(field[place], length[place], self.bins) for place in places]
        totals = (histogram.sum() for histogram in found)
        shares = [h / t if t > 0 else h for h, t in zip(found, totals, strict=True)]
        return np.concatenate(shares).astype(np.float32)


def orientations(field: Field, votes: NDArray, bins: int) -> NDArray[np.float64]:
    """Sums of the votes [h, w] by direction: bin k is around k * 360 / bins degrees.

    Directions run from right (0 degrees) over down (90), as y does.
    """
    turn = np.arctan2(field[..., 1], field[..., 0]) / (2 * np.pi) * bins
    place = np.rint(turn).astype(int) % bins
    weights = np.asarray(votes, np.float64).ravel()
    return np.bincount(place.ravel(), weights, minlength=bins).astype(np.float64)
