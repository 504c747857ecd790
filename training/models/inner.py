"""A setting chosen inside a fold: by leaving out groups of its training subjects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.model_selection import GroupKFold

from training.metrics import score_recognition
from training.models.base import Fitted, Samples


def best_cost(
    fit: Callable[[Samples, float], Fitted],
    train: Samples,
    costs: Sequence[float],
    groups: int,
    classes: int,
) -> float:
    """The cost with the highest UF1 over left-out groups of subjects; the first of equals.

    With one subject nothing can be left out: the middle one of the costs.
    """
    splits = min(groups, len(set(train.groups)))
    if splits < 2:
        return costs[len(costs) // 2]
    rest = list(GroupKFold(splits).split(train.labels, groups=list(train.groups)))
    scores = []
    for cost in costs:
        guess = np.zeros(len(train), dtype=np.int64)
        for inner, held in rest:
            fitted = fit(train.take(inner), cost)
            guess[held] = fitted.probabilities(train.maps[held]).argmax(axis=1)
        scores.append(score_recognition(train.labels, guess, classes).uf1)
    return costs[int(np.argmax(scores))]
