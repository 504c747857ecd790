"""Bi-WOOF (Liong et al., Signal Processing: Image Communication 2018): twice weighted directions.

The flow from onset to apex is cut into 5 x 5 blocks. In each a histogram of 8 directions is voted
for with the local weight, the flow's length; the whole histogram is multiplied by the global
weight, the block's mean strain

    zeta = 1 / (H L) sum epsilon

`local` and `across` choose among none, flow and strain: the paper's table of weights. What it
leaves open: the histograms are means over the block's pixels and are not normalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import optical_strain
from streamer.core.ranges import Range, check_ranges
from training.features.flows import Field, FlowName, pair_field
from training.features.hoof import orientations
from training.features.places import blocks

Weight = Literal["none", "flow", "strain"]


@dataclass(frozen=True, slots=True)
class BiWoof:
    """Of the motion from onset to apex."""

    rows: Annotated[int, Range(1, 64)] = 5
    columns: Annotated[int, Range(1, 64)] = 5
    bins: Annotated[int, Range(1, 360)] = 8
    local: Weight = "flow"  # of a pixel's vote
    across: Weight = "strain"  # of a block
    flow: FlowName = "tvl1"

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, pair: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[rows * columns * bins] of a pair uint8 [2, S, S, 3]. Raises ValueError."""
        return self.of_field(pair_field(pair, self.flow))

    def of_field(self, field: Field) -> NDArray[np.float32]:
        """The same of a motion field [h, w, 2]. Raises ValueError where it has too few pixels."""
        votes, weights = (_weights(field, kind) for kind in (self.local, self.across))
        found = [
            weights[place].mean()
            * orientations(field[place], votes[place], self.bins)
            / votes[place].size
            for place in blocks(field.shape[:2], self.rows, self.columns)
        ]
        return np.concatenate(found).astype(np.float32)


def _weights(field: Field, kind: Weight) -> NDArray[np.float32]:
    """[h, w]."""
    if kind == "flow":
        return np.asarray(np.linalg.norm(field, axis=-1), dtype=np.float32)
    if kind == "strain":
        return optical_strain(field)
    return np.ones(field.shape[:2], dtype=np.float32)
