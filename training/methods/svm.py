"""A linear support vector machine on the flow map, standardised by the fold's own statistics.

The honest baseline of the field: .678/.689 UF1/UAR on the composite. Its cost C is chosen inside
the fold, by nested cross-validation over groups of the training subjects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from training.models.base import FitPlan, Fitted, Samples, Settings, Watch
from training.models.method import Method
from training.models.shallow import (
    Costs,
    FittedShallow,
    Rows,
    ShallowModel,
    Standardiser,
    best_cost,
)


@dataclass(frozen=True, slots=True)
class FittedSvm(FittedShallow):
    """Softmax of the one-against-rest decision values: a ranking, not calibrated."""

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes]; zero for a class that the fold had not."""
        if self.machine is None:
            return self.spread(np.ones((len(maps), 1)))
        values = self.machine.decision_function(self.standardise(maps))
        if values.ndim == 1:  # two classes
            values = np.stack([-values, values], axis=1)
        return self.spread(np.exp(values - values.max(axis=1, keepdims=True)))


@dataclass(frozen=True, slots=True)
class SvmModel(ShallowModel):
    """The cost is one of eight, from 0.01 to 30."""

    costs: Costs = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    name: str = "svm"

    def settings(self) -> Settings:
        """What is searched and how."""
        return {"costs": list(self.costs), "inner": self.splits, "class_weight": "balanced"}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Choose C by nested cross-validation, then fit on all training clips."""

        def ask(used: Rows, cost: float, held: Rows) -> NDArray[np.float32]:
            return fit_svm(train.take(used), cost, plan.classes).probabilities(train.maps[held])

        cost = best_cost(ask, train, self.costs, self.splits, plan.classes)
        return fit_svm(train, cost, plan.classes)


def fit_svm(train: Samples, cost: float, classes: int) -> FittedSvm:
    """A linear SVM with the classes weighted by their rarity."""
    standardise = fit_standardiser(train.maps)
    present = tuple(int(label) for label in np.unique(train.labels))
    if len(present) == 1:
        return FittedSvm(standardise, None, present, classes)
    machine = SVC(C=cost, kernel="linear", class_weight="balanced")
    machine.fit(standardise(train.maps), train.labels)
    return FittedSvm(standardise, machine, present, classes)


def fit_standardiser(maps: NDArray[np.uint8]) -> Standardiser:
    """The statistics of these maps; a cell that never changes keeps deviation one."""
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    deviation = flat.std(axis=0)
    return Standardiser(flat.mean(axis=0), np.where(deviation > 0, deviation, 1.0))


METHOD = Method(
    title="linear SVM",
    year=2026,
    reads="maps",
    source="scikit-learn",
    status="ours",
    make=SvmModel,
)
