"""Logistic regression on levelled maps: the zero of the flow found first, each face mirrored too.

The public maps are stretched to 0..255 one by one, which moves their zero and hides their scale.
The network's own first step (`Levelling`: robust trend taken out, robust scale made one, asinh) is
put before the linear model here, and 2 x 2 cells are averaged. Its cost C is chosen inside the
fold, by leaving out groups of the training subjects.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import avg_pool2d

from recognition.classifiers.ensemble import mirror
from recognition.classifiers.scvit import Levelling
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

DETREND = 3  # level and slopes, as in SCViT
CELLS = 2  # averaged, along a side

Views = tuple[NDArray[np.float64], NDArray[np.float64]]  # a map and its mirror image, [N, D]


@dataclass(frozen=True, slots=True)
class FittedLinear(FittedShallow):
    """Mean of the log-probabilities of a map and of its mirror image."""

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes]; zero for a class that the fold had not."""
        return self.of_views(two_views(maps))

    def of_views(self, views: Views) -> NDArray[np.float32]:
        """The same for maps that are levelled already."""
        if self.machine is None:
            return self.spread(np.ones((len(views[0]), 1)))
        both = [self.machine.predict_log_proba(self.standardise(view)) for view in views]
        return self.spread(np.exp(np.mean(both, axis=0)))


@dataclass(frozen=True, slots=True)
class LinearModel(ShallowModel):
    """The cost is one of four, from 1 to 30."""

    costs: Costs = (1.0, 3.0, 10.0, 30.0)
    name: str = "linear"

    def settings(self) -> Settings:
        """What is searched and how."""
        return {
            "costs": list(self.costs),
            "inner": self.splits,
            "class_weight": "balanced",
            "input": f"levelled, {DETREND} columns, averaged over {CELLS}, mirrored",
        }

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Choose C by nested cross-validation, then fit on all training clips."""
        views, classes = two_views(train.maps), plan.classes  # levelling learns nothing

        def ask(used: Rows, cost: float, held: Rows) -> NDArray[np.float32]:
            fitted = fit_linear(_take(views, used), train.labels[used], cost, classes)
            return fitted.of_views(_take(views, held))

        cost = best_cost(ask, train, self.costs, self.splits, classes)
        return fit_linear(views, train.labels, cost, classes)


def fit_linear(views: Views, labels: NDArray[np.int64], cost: float, classes: int) -> FittedLinear:
    """Logistic regression with the classes weighted by their rarity."""
    both = np.concatenate(views)
    mean, deviation = both.mean(axis=0), np.full(both.shape[1], max(float(both.std()), 1e-6))
    standardise = Standardiser(mean, deviation)
    present = tuple(int(label) for label in np.unique(labels))
    if len(present) == 1:
        return FittedLinear(standardise, None, present, classes)
    machine = LogisticRegression(C=cost, class_weight="balanced", max_iter=500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 500 steps are the recipe
        machine.fit(standardise(both), np.concatenate([labels, labels]))
    return FittedLinear(standardise, machine, present, classes)


def two_views(maps: NDArray[np.uint8]) -> Views:
    """Levelled maps and levelled mirror images, each [N, D]."""
    given = torch.from_numpy(maps)
    levelling = Levelling(maps.shape[1], DETREND)
    with torch.no_grad():
        levelled = [levelling(v) for v in (given, mirror(given))]
        plain, turned = (avg_pool2d(v, CELLS).flatten(1).double().numpy() for v in levelled)
        return plain, turned


def _take(views: Views, rows: Rows) -> Views:
    return views[0][rows], views[1][rows]


METHOD = Method(
    title="logistic regression",
    year=2026,
    reads="maps",
    source="scikit-learn",
    status="ours",
    make=LinearModel,
)
