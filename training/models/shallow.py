"""What the shallow models share: costs chosen by nested cross-validation, answers per class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from streamer.core.ranges import Range, check_ranges
from training.common.metrics import score_recognition
from training.models.base import OneByOne, Samples

Rows = NDArray[np.int64]
Costs = tuple[Annotated[float, Range(1e-6, 1e6)], ...]


@dataclass(frozen=True, slots=True)
class Standardiser:
    """Mean and deviation of every cell over the training clips."""

    mean: NDArray[np.float64]  # [D]
    deviation: NDArray[np.float64]  # [D], never zero

    def __call__(self, maps: NDArray) -> NDArray[np.float64]:
        """[N, 28, 28, 3] -> [N, D], divided by sqrt(D) so that C does not depend on the size."""
        flat = (maps.reshape(len(maps), -1) - self.mean) / self.deviation
        return np.asarray(flat / np.sqrt(flat.shape[1]))


def best_cost(
    ask: Callable[[Rows, float, Rows], NDArray[np.float32]],
    train: Samples,
    costs: Sequence[float],
    splits: int,
    classes: int,
) -> float:
    """The cost with the highest UF1 over left-out groups of subjects; the first of equals.

    `ask` fits on some rows of the training part and gives the probabilities of others. With one
    subject nothing can be left out: the middle cost is taken.
    """
    splits = min(splits, len(set(train.groups)))
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


@dataclass(frozen=True, slots=True)
class ShallowModel(OneByOne):
    """`costs` are tried inside the fold, over `splits` groups of its training subjects."""

    costs: Costs = (1.0,)
    splits: Annotated[int, Range(2, 100)] = 5
    name: str = ""
    default_epochs: int = 0
    seeded: bool = False
    stacks: bool = False

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class FittedShallow:
    """A fitted machine of scikit-learn on standardised inputs."""

    standardise: Standardiser
    machine: Any  # None: the fold had one class only
    present: tuple[int, ...]  # classes that the fold had
    classes: int

    def spread(self, powers: NDArray[np.float64]) -> NDArray[np.float32]:
        """Powers [N, present] as probabilities [N, classes]; zero for a class the fold had not."""
        probabilities = np.zeros((len(powers), self.classes), dtype=np.float64)
        probabilities[:, list(self.present)] = powers / powers.sum(axis=1, keepdims=True)
        return probabilities.astype(np.float32)

    def features(self, maps: NDArray[np.uint8]) -> None:
        """None beyond the map itself."""
        return None
