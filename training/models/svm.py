"""A linear support vector machine on the flow map, standardised by the fold's own statistics.

The honest baseline of the field: .678/.689 UF1/UAR on the composite. Its cost C is chosen inside
the fold, by leaving out groups of the training subjects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from streamer.core.ranges import Range, check_ranges
from training.models.base import FitPlan, Fitted, Samples, Settings, Watch, fit_one_by_one
from training.models.inner import Rows, best_cost


@dataclass(frozen=True, slots=True)
class Standardiser:
    """Mean and deviation of every cell over the training clips."""

    mean: NDArray[np.float64]  # [D]
    deviation: NDArray[np.float64]  # [D], never zero

    def __call__(self, maps: NDArray) -> NDArray[np.float64]:
        """[N, 28, 28, 3] -> [N, D], divided by sqrt(D) so that C does not depend on the size."""
        flat = (maps.reshape(len(maps), -1) - self.mean) / self.deviation
        return np.asarray(flat / np.sqrt(flat.shape[1]))


def fit_standardiser(maps: NDArray[np.uint8]) -> Standardiser:
    """The statistics of these maps; a cell that never changes keeps deviation one."""
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    deviation = flat.std(axis=0)
    return Standardiser(flat.mean(axis=0), np.where(deviation > 0, deviation, 1.0))


def spread(
    powers: NDArray[np.float64], present: tuple[int, ...], classes: int
) -> NDArray[np.float32]:
    """Powers [N, present] as probabilities [N, classes]; zero for the classes that are absent."""
    shares = np.zeros((len(powers), classes), dtype=np.float64)
    shares[:, list(present)] = powers / powers.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


@dataclass(frozen=True, slots=True)
class FittedSvm:
    """Softmax of the one-against-rest decision values: a ranking, not calibrated."""

    standardise: Standardiser
    machine: SVC | None  # None: the fold had one class only
    present: tuple[int, ...]  # classes that the fold had
    classes: int

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes]; zero for a class that the fold had not."""
        if self.machine is None:
            return spread(np.ones((len(maps), 1)), self.present, self.classes)
        values = self.machine.decision_function(self.standardise(maps))
        if values.ndim == 1:  # two classes
            values = np.stack([-values, values], axis=1)
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        return spread(powers, self.present, self.classes)

    def features(self, maps: NDArray[np.uint8]) -> None:
        """None beyond the map itself."""
        return None


@dataclass(frozen=True, slots=True)
class SvmModel:
    """`costs` are tried inside the fold, over `inner` groups of subjects."""

    costs: tuple[Annotated[float, Range(1e-6, 1e6)], ...] = (
        0.01,
        0.03,
        0.1,
        0.3,
        1.0,
        3.0,
        10.0,
        30.0,
    )
    inner: Annotated[int, Range(2, 100)] = 5
    name: str = "svm"
    default_epochs: int = 0
    seeded: bool = False
    stacks: bool = False

    def __post_init__(self) -> None:
        check_ranges(self)

    def settings(self) -> Settings:
        """What is searched and how."""
        return {"costs": list(self.costs), "inner": self.inner, "class_weight": "balanced"}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Choose C by inner subject splits, then fit on all training clips."""

        def ask(inner: Rows, cost: float, held: Rows) -> NDArray[np.float32]:
            return fit_svm(train.take(inner), cost, plan.classes).probabilities(train.maps[held])

        cost = best_cost(ask, train, self.costs, self.inner, plan.classes)
        return fit_svm(train, cost, plan.classes)

    def fit_folds(
        self,
        samples: Samples,
        rows: Sequence[NDArray[np.int64]],
        plan: FitPlan,
        watch: Watch | None = None,
    ) -> list[Fitted]:
        """A loop."""
        return fit_one_by_one(self, samples, rows, plan, watch)


def fit_svm(train: Samples, cost: float, classes: int) -> FittedSvm:
    """A linear SVM with the classes weighted by their rarity."""
    standardise = fit_standardiser(train.maps)
    present = tuple(int(label) for label in np.unique(train.labels))
    if len(present) == 1:
        return FittedSvm(standardise, None, present, classes)
    machine = SVC(C=cost, kernel="linear", class_weight="balanced")
    machine.fit(standardise(train.maps), train.labels)
    return FittedSvm(standardise, machine, present, classes)
