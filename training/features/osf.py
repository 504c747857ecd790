"""OSF (Liong et al., ISPACS 2014): the optical strain of a clip as its feature.

Strain is pooled over time into one normalised map, which is resized: 50 x 50 numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, check_ranges
from training.features.flows import FlowName
from training.features.strain import pooled_strain


@dataclass(frozen=True, slots=True)
class Osf:
    """Of a clip."""

    side: Annotated[int, Range(1, 256)] = 50
    flow: FlowName = "dis"

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[side * side] of a clip uint8 [T, S, S]; T at least 2. Raises ValueError."""
        strain = pooled_strain(clip, self.flow)
        small = cv2.resize(strain, (self.side, self.side), interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.float32).ravel()
