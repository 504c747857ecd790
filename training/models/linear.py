"""Logistic regression on levelled maps: the zero of the flow found first, each face mirrored too.

The public maps are stretched to 0..255 one by one, which moves their zero and hides their scale.
The network's own first step (`Levelling`: robust trend taken out, robust scale made one, asinh) is
put before the linear model here, and 2 x 2 cells are averaged. Its cost C is chosen inside the
fold, by leaving out groups of the training subjects.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import avg_pool2d

from recognition.classifiers.ensemble import mirror
from recognition.classifiers.scvit import Levelling
from streamer.core.ranges import Range, check_ranges
from training.models.base import FitPlan, Fitted, Samples, Settings, Watch, fit_one_by_one
from training.models.inner import Rows, best_cost
from training.models.svm import Standardiser, spread

DETREND = 3  # level and slopes, as in SCViT
CELLS = 2  # averaged, along a side

Views = tuple[NDArray[np.float64], NDArray[np.float64]]  # a map and its mirror image, [N, D]


@dataclass(frozen=True, slots=True)
class FittedLinear:
    """Mean of the log-probabilities of a map and of its mirror image."""

    standardise: Standardiser
    machine: LogisticRegression | None  # None: the fold had one class only
    present: tuple[int, ...]  # classes that the fold had
    classes: int

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes]; zero for a class that the fold had not."""
        return self.of_views(two_views(maps))

    def of_views(self, views: Views) -> NDArray[np.float32]:
        """The same for maps that are levelled already."""
        if self.machine is None:
            return spread(np.ones((len(views[0]), 1)), self.present, self.classes)
        both = [self.machine.predict_log_proba(self.standardise(view)) for view in views]
        return spread(np.exp(np.mean(both, axis=0)), self.present, self.classes)

    def features(self, maps: NDArray[np.uint8]) -> None:
        """None beyond the map itself."""
        return None


@dataclass(frozen=True, slots=True)
class LinearModel:
    """`costs` are tried inside the fold, over `inner` groups of subjects."""

    costs: tuple[Annotated[float, Range(1e-6, 1e6)], ...] = (1.0, 3.0, 10.0, 30.0)
    inner: Annotated[int, Range(2, 100)] = 5
    name: str = "linear"
    default_epochs: int = 0
    seeded: bool = False
    stacks: bool = False

    def __post_init__(self) -> None:
        check_ranges(self)

    def settings(self) -> Settings:
        """What is searched and how."""
        return {
            "costs": list(self.costs),
            "inner": self.inner,
            "class_weight": "balanced",
            "input": f"levelled, {DETREND} columns, averaged over {CELLS}, mirrored",
        }

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Choose C by inner subject splits, then fit on all training clips."""

        views, classes = two_views(train.maps), plan.classes  # levelling learns nothing

        def ask(inner: Rows, cost: float, held: Rows) -> NDArray[np.float32]:
            fitted = fit_linear(_take(views, inner), train.labels[inner], cost, classes)
            return fitted.of_views(_take(views, held))

        cost = best_cost(ask, train, self.costs, self.inner, classes)
        return fit_linear(views, train.labels, cost, classes)

    def fit_folds(
        self,
        samples: Samples,
        rows: Sequence[NDArray[np.int64]],
        plan: FitPlan,
        watch: Watch | None = None,
    ) -> list[Fitted]:
        """A loop."""
        return fit_one_by_one(self, samples, rows, plan, watch)


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
