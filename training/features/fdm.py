"""FDM (Xu et al., IEEE Trans. Affective Computing 2017): facial dynamics maps.

The flow between neighbouring frames is cut into spatio-temporal cuboids; each is described by the
principal direction of its flow. Public text gives the idea only. Taken here: the direction is the
one that most of the flow's length points along, looked for by repetition - the sum of the vectors
within 90 degrees of it, again, until it stays; the cuboid's entry is that sum over all its vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, check_ranges
from training.features.flows import Field, FlowName, check_clip, fields_between
from training.features.places import blocks, stretches

_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Fdm:
    """Of a clip."""

    rows: Annotated[int, Range(1, 64)] = 6
    columns: Annotated[int, Range(1, 64)] = 6
    times: Annotated[int, Range(1, 64)] = 4
    flow: FlowName = "dis"

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[times * rows * columns * 2] of a clip uint8 [T, S, S], T above `times`.

        Raises:
            ValueError: it is no clip, or too short or small for so many cuboids.
        """
        check_clip(clip, self.times + 1)
        return self.of_fields(fields_between(clip, self.flow))

    def of_fields(self, fields: Field) -> NDArray[np.float32]:
        """The same of motion fields [T - 1, h, w, 2]."""
        places = blocks(fields.shape[1:3], self.rows, self.columns)
        found = [
            principal_motion(fields[(time, *place)].reshape(-1, 2))
            for time in stretches(len(fields), self.times)
            for place in places
        ]
        return np.concatenate(found).astype(np.float32)


def principal_motion(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The mean [2] of the vectors [N, 2] that point along the principal direction, over all N."""
    wide = vectors.astype(np.float64)
    total = wide.sum(axis=0)
    for _ in range(_ROUNDS):
        before, total = total, wide[wide @ total > 0].sum(axis=0)
        if np.array_equal(before, total):
            break
    return np.asarray(total / len(wide))
