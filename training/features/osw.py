"""OSW (Liong et al., ACCV workshops 2014): LBP-TOP with its blocks weighted by optical strain.

A block's histograms are multiplied by its mean pooled strain, so that places that move count more.
Public text does not say whether only the x-y plane is weighted; here all three are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import check_ranges
from training.features.flows import FlowName
from training.features.lbp_top import LbpTop
from training.features.places import blocks
from training.features.strain import pooled_strain


@dataclass(frozen=True, slots=True)
class Osw:
    """Of a clip."""

    lbp: LbpTop = field(default_factory=LbpTop)
    flow: FlowName = "dis"

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As long as that of `lbp`. Raises ValueError, see there."""
        histograms = self.lbp.histograms(clip)  # [times, blocks, 3, 59]
        weights = self.weights(pooled_strain(clip, self.flow))
        return (histograms * weights[:, None, None]).astype(np.float32).ravel()

    def weights(self, strain: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean strain [blocks] of each block of a map [h, w] of the face."""
        inner = strain[(slice(self.lbp.radius, -self.lbp.radius),) * 2]  # where there are codes
        places = blocks(inner.shape, self.lbp.rows, self.lbp.columns, self.lbp.overlap)
        return np.array([inner[place].mean() for place in places], dtype=np.float32)
