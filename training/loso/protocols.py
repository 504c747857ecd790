"""The protocols: when the training stops, and which clips decide that.

clean      fixed epochs, or epochs chosen by leaving out subjects of the fold's training part
published  the epoch that scores best on the held-out subject ("oracle epoch"): flattered; only to
           compare with figures that were made so, and labelled in every table

Held-out labels are read in `_oracle` alone; the models get none of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit

from training.common.metrics import score_recognition
from training.common.records import Prediction
from training.loso.config import Recipe
from training.loso.folds import Fold
from training.loso.run_folder import Outcome
from training.models.base import FitPlan, Fitted, Model, Samples, fit_one_by_one

_MOST_CHECKED = 100  # epochs at most that are scored
_LEFT_OUT = 0.25  # of the training subjects, to choose the epochs by

Rows = NDArray[np.int64]
# epoch, probabilities, features
_Answer = tuple[int, NDArray[np.float32], NDArray[np.float32] | None]


def run_folds(
    model: Model, samples: Samples, parts: Sequence[tuple[Fold, int]], recipe: Recipe
) -> list[Outcome]:
    """Trains the folds and predicts their held-out clips, each under its seed."""
    started = time.monotonic()
    folds, seeds = [fold for fold, _ in parts], tuple(seed for _, seed in parts)
    plan = FitPlan(len(recipe.classes), seeds[0], recipe.epochs, recipe.device, samples.ids, seeds)
    if model.default_epochs == 0 or (recipe.protocol == "clean" and not recipe.nested):
        answers = _fixed(model, samples, folds, plan, recipe)
    elif recipe.protocol == "published":
        answers = _oracle(model, samples, folds, plan, recipe)
    else:
        answers = _nested(model, samples, folds, plan, recipe)
    each_s = round((time.monotonic() - started) / max(len(folds), 1), 3)  # as it is kept
    return [
        _outcome(samples, fold, seed, answer, each_s, recipe.classes)
        for (fold, seed), answer in zip(parts, answers, strict=True)
    ]


def _fixed(
    model: Model, samples: Samples, folds: Sequence[Fold], plan: FitPlan, recipe: Recipe
) -> list[_Answer]:
    fitted = _fitter(model, recipe)(samples, [fold.train for fold in folds], plan, None)
    epochs = plan.epochs if model.default_epochs else 0
    return [
        (epochs, *_predict(one, samples.inputs[fold.test]))
        for one, fold in zip(fitted, folds, strict=True)
    ]


def _oracle(
    model: Model, samples: Samples, folds: Sequence[Fold], plan: FitPlan, recipe: Recipe
) -> list[_Answer]:
    """The epoch with the highest accuracy on the held-out clips; the earliest of equals."""
    best: dict[int, tuple[float, _Answer]] = {}
    every = max(1, plan.epochs // _MOST_CHECKED)

    def watch(epoch: int, position: int, fitted: Fitted) -> None:
        if epoch % every and epoch != plan.epochs:
            return
        test = folds[position].test
        probabilities, features = _predict(fitted, samples.inputs[test])
        right = float((probabilities.argmax(axis=1) == samples.labels[test]).mean())
        if position not in best or right > best[position][0]:
            best[position] = (right, (epoch, probabilities, features))

    _fitter(model, recipe)(samples, [fold.train for fold in folds], plan, watch)
    return [best[position][1] for position in range(len(folds))]


def _nested(
    model: Model, samples: Samples, folds: Sequence[Fold], plan: FitPlan, recipe: Recipe
) -> list[_Answer]:
    """Epochs by nested cross-validation, then all training clips for that many epochs."""
    chosen = _choose_epochs(model, samples, folds, plan, recipe)
    answers: dict[int, _Answer] = {}

    def watch(epoch: int, position: int, fitted: Fitted) -> None:
        if epoch == chosen[position]:
            test = folds[position].test
            answers[position] = (epoch, *_predict(fitted, samples.inputs[test]))

    most = replace(plan, epochs=max(chosen))
    _fitter(model, recipe)(samples, [fold.train for fold in folds], most, watch)
    return [answers[position] for position in range(len(folds))]


def _choose_epochs(
    model: Model, samples: Samples, folds: Sequence[Fold], plan: FitPlan, recipe: Recipe
) -> list[int]:
    """Per fold, the epoch with the best UF1 on left-out subjects of its training part."""
    splits = [_nested_split(samples, fold.train, plan.of(k).seed) for k, fold in enumerate(folds)]
    best: dict[int, tuple[float, int]] = {}
    every = max(1, plan.epochs // _MOST_CHECKED)

    def watch(epoch: int, position: int, fitted: Fitted) -> None:
        if epoch % every and epoch != plan.epochs:
            return
        rows = splits[position][1]
        guess = fitted.probabilities(samples.inputs[rows]).argmax(axis=1)
        uf1 = score_recognition(samples.labels[rows], guess, plan.classes).uf1
        if position not in best or uf1 > best[position][0]:
            best[position] = (uf1, epoch)

    _fitter(model, recipe)(samples, [split[0] for split in splits], plan, watch)
    return [best[position][1] for position in range(len(folds))]


def _nested_split(samples: Samples, train: Rows, seed: int) -> tuple[Rows, Rows]:
    groups = [samples.groups[row] for row in train]
    if len(set(groups)) < 2:
        return train, train
    splitter = GroupShuffleSplit(1, test_size=_LEFT_OUT, random_state=seed)
    kept, left = next(splitter.split(train, groups=groups))
    return train[kept], train[left]


def _fitter(model: Model, recipe: Recipe) -> Callable[..., list[Fitted]]:
    if recipe.stacked:
        return model.fit_folds
    return lambda samples, rows, plan, watch: fit_one_by_one(model, samples, rows, plan, watch)


def _predict(
    fitted: Fitted, maps: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    return fitted.probabilities(maps), fitted.features(maps)


def _outcome(
    samples: Samples,
    fold: Fold,
    seed: int,
    answer: _Answer,
    seconds: float,
    classes: Sequence[str],
) -> Outcome:
    epoch, probabilities, features = answer
    ids = [samples.ids[row] for row in fold.test]
    predictions = tuple(
        Prediction(clip, samples.groups[row], classes[samples.labels[row]], own)
        for clip, row, own in zip(ids, fold.test, probabilities, strict=True)
    )
    one = features if seed == 0 else None  # one seed is enough for the plot
    named = {} if one is None else dict(zip(ids, one, strict=True))
    return Outcome(fold.name, seed, epoch, len(fold.train), seconds, predictions, named)
