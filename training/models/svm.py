"""A linear support vector machine on whatever describes a clip, standardised by the fold itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from training.models.base import Samples
from training.models.shallow import FittedShallow, Rows, Standardiser, best_cost


@dataclass(frozen=True, slots=True)
class FittedSvm(FittedShallow):
    """Softmax of the one-against-rest decision values: a ranking, not calibrated."""

    def probabilities(self, maps: NDArray) -> NDArray[np.float32]:
        """[N, classes]; zero for a class that the fold had not."""
        if self.machine is None:
            return self.spread(np.ones((len(maps), 1)))
        values = self.machine.decision_function(self.standardise(maps))
        if values.ndim == 1:  # two classes
            values = np.stack([-values, values], axis=1)
        return self.spread(np.exp(values - values.max(axis=1, keepdims=True)))


def choose_and_fit(
    train: Samples,
    costs: Sequence[float],
    splits: int,
    classes: int,
    measure: Callable[[NDArray], Standardiser] | None = None,
) -> FittedSvm:
    """Choose C by nested cross-validation, then fit on all training clips."""

    def ask(used: Rows, cost: float, held: Rows) -> NDArray[np.float32]:
        fitted = fit_svm(train.take(used), cost, classes, measure)
        return fitted.probabilities(train.inputs[held])

    return fit_svm(train, best_cost(ask, train, costs, splits, classes), classes, measure)


def fit_svm(
    train: Samples,
    cost: float,
    classes: int,
    measure: Callable[[NDArray], Standardiser] | None = None,
) -> FittedSvm:
    """A linear SVM with the classes weighted by their rarity.

    measure: of the training inputs, how they are brought to one scale; None: cell by cell.
    """
    standardise = (measure or fit_standardiser)(train.inputs)
    present = tuple(int(label) for label in np.unique(train.labels))
    if len(present) == 1:
        return FittedSvm(standardise, None, present, classes)
    machine = SVC(C=cost, kernel="linear", class_weight="balanced")
    machine.fit(standardise(train.inputs), train.labels)
    return FittedSvm(standardise, machine, present, classes)


def fit_standardiser(inputs: NDArray) -> Standardiser:
    """The statistics of these inputs [N, ...]; a cell that never changes keeps deviation one."""
    flat = inputs.reshape(len(inputs), -1).astype(np.float64)
    deviation = flat.std(axis=0)
    return Standardiser(flat.mean(axis=0), np.where(deviation > 0, deviation, 1.0))


def fit_centring(inputs: NDArray) -> Standardiser:
    """The mean of every cell, and one deviation for all: cells keep the weight they came with."""
    flat = inputs.reshape(len(inputs), -1).astype(np.float64)
    mean = flat.mean(axis=0)
    deviation = float(np.sqrt(((flat - mean) ** 2).mean()))
    return Standardiser(mean, np.full(flat.shape[1], deviation if deviation > 0 else 1.0))
