"""A setting chosen inside a fold: by leaving out groups of its training subjects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from training.metrics import score_recognition
from training.models.base import Samples

Rows = NDArray[np.int64]


def best_cost(
    ask: Callable[[Rows, float, Rows], NDArray[np.float32]],
    train: Samples,
    costs: Sequence[float],
    groups: int,
    classes: int,
) -> float:
    """The cost with the highest UF1 over left-out groups of subjects; the first of equals.

    `ask` fits on some rows of the training part and gives the probabilities of others. With one
    subject nothing can be left out: the middle cost is taken.
    """
    splits = min(groups, len(set(train.groups)))
    if splits < 2:
        return costs[len(costs) // 2]
    rest = list(GroupKFold(splits).split(train.labels, groups=list(train.groups)))
    scores = []
    for cost in costs:
        guess = np.zeros(len(train), dtype=np.int64)
        for inner, held in rest:
            guess[held] = ask(inner, cost, held).argmax(axis=1)
        scores.append(score_recognition(train.labels, guess, classes).uf1)
    return costs[int(np.argmax(scores))]
