"""MDMO (Liu et al., IEEE Trans. Affective Computing 2016): main directional mean optical flow.

In each of 36 regions the vectors are sorted into 8 directions; the mean of those in the fullest
bin is the region's motion. These means are averaged over the frames, each measured against the
first, and written as length and angle; lengths are divided by the largest:

    (alpha rho_1 .. alpha rho_36, (1 - alpha) theta_1 .. (1 - alpha) theta_36),  alpha = 0.9

72 numbers. Farneback's flow with the field's settings. What is different here: the paper's regions
lie between 66 landmarks; a prepared clip is aligned, so its 36 are a grid of 6 x 6 on the face.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, Share, check_ranges
from training.features.flows import Field, FlowName, fields_from_onset
from training.features.places import blocks


@dataclass(frozen=True, slots=True)
class Mdmo:
    """Of a clip."""

    rows: Annotated[int, Range(1, 64)] = 6
    columns: Annotated[int, Range(1, 64)] = 6
    bins: Annotated[int, Range(1, 360)] = 8
    alpha: Share = 0.9
    flow: FlowName = "farneback"

    def __post_init__(self) -> None:
        check_ranges(self)

    def __call__(self, clip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[2 * rows * columns] of a clip uint8 [T, S, S]; T at least 2. Raises ValueError."""
        return self.of_fields(fields_from_onset(clip, self.flow))

    def of_fields(self, fields: Field) -> NDArray[np.float32]:
        """The same of motion fields [T, h, w, 2]; a face that does not move gives zeros."""
        places = blocks(fields.shape[1:3], self.rows, self.columns)
        means = np.stack(
            [[main_motion(field[place], self.bins) for place in places] for field in fields]
        ).mean(axis=0)
        length, angle = np.hypot(*means.T), np.arctan2(means[:, 1], means[:, 0])
        longest = length.max()
        share = length / longest if longest > 0 else length
        return np.concatenate([self.alpha * share, (1 - self.alpha) * angle]).astype(np.float32)


def main_motion(field: Field, bins: int) -> NDArray[np.float64]:
    """The mean [2] of the vectors in the fullest of the bins of direction; the first of equals."""
    vectors = field.reshape(-1, 2)
    place = np.rint(np.arctan2(vectors[:, 1], vectors[:, 0]) / (2 * np.pi) * bins).astype(int)
    place %= bins
    fullest = np.bincount(place, minlength=bins).argmax()
    return np.asarray(vectors[place == fullest].mean(axis=0, dtype=np.float64))
