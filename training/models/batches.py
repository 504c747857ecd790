"""The order in which clips are met: drawn for all clips, restricted to those of a fold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from training.models.base import FitPlan


def epoch_batches(plan: FitPlan, batch: int) -> Iterator[list[NDArray[np.int64]]]:
    """Per epoch, the batches as rows of `plan.order`; depends on the seed and the ids' count."""
    rng = np.random.default_rng([plan.seed, 1])
    for _ in range(plan.epochs):
        order = rng.permutation(len(plan.order))
        yield [order[start : start + batch] for start in range(0, len(order), batch)]


def own_rows(plan: FitPlan, ids: tuple[str, ...]) -> NDArray[np.int64]:
    """For every clip of `plan.order` its row among `ids`, or -1 where the fold has it not."""
    place = {clip: row for row, clip in enumerate(ids)}
    return np.array([place.get(clip, -1) for clip in plan.order], dtype=np.int64)
