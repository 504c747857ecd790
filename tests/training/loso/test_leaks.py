"""Nothing of a held-out subject reaches its fold: a marker is planted there and looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from training.loso.config import Recipe
from training.loso.folds import Fold, make_folds
from training.loso.protocols import run_folds
from training.loso.registry import make_model
from training.loso.selection import Selection
from training.methods.svm import SvmModel
from training.models.base import FitPlan, Fitted, Samples, Watch, fit_one_by_one
from training.models.svm import FittedSvm

MARKER = 255


def recipe(selection: Selection, **changes: object) -> Recipe:
    plain = Recipe("clean", False, 2, selection.classes, "cpu", True)
    return replace(plain, **changes)  # type: ignore[arg-type]


def marked(samples: Samples, fold: Fold) -> Samples:
    """The held-out maps and labels are replaced by nonsense that any training would notice."""
    maps, labels = samples.maps.copy(), samples.labels.copy()
    maps[fold.test] = MARKER
    labels[fold.test] = (labels[fold.test] + 1) % 3
    return replace(samples, maps=maps, labels=labels)


@dataclass
class Recorder:
    """A model that writes down what it is shown."""

    name: str = "recorder"
    default_epochs: int = 3
    seeded: bool = True
    stacks: bool = False
    seen: list[Samples] = field(default_factory=list)

    def settings(self) -> dict[str, object]:
        return {}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        self.seen.append(train)
        for epoch in range(1, plan.epochs + 1):
            if watch:
                watch(epoch, 0, self)
        return self

    def fit_folds(
        self,
        samples: Samples,
        rows: Sequence[NDArray[np.int64]],
        plan: FitPlan,
        watch: Watch | None = None,
    ) -> list[Fitted]:
        return fit_one_by_one(self, samples, rows, plan, watch)

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.full((len(maps), 3), 1 / 3, dtype=np.float32)

    def features(self, maps: NDArray[np.uint8]) -> None:
        return None


@pytest.mark.parametrize("nested", [False, True])
def test_a_fold_is_shown_its_own_subjects_only(selection: Selection, nested: bool) -> None:
    folds = make_folds(selection.samples, "composite")
    for fold in folds:
        model = Recorder()
        samples = marked(selection.samples, fold)
        run_folds(model, samples, [(fold, 0)], recipe(selection, nested=nested))
        assert len(model.seen) == 1 + nested
        for shown in model.seen:
            assert fold.name not in shown.groups
            assert not (shown.maps == MARKER).all(axis=(1, 2, 3)).any()
            assert not set(shown.ids) & {samples.ids[row] for row in fold.test}


@pytest.mark.parametrize("stacked", [True, False])
@pytest.mark.parametrize("name", ["ststnet", "svm", "scvit", "off-apexnet", "linear", "committee"])
def test_a_changed_held_out_subject_changes_no_weight(
    selection: Selection, name: str, stacked: bool
) -> None:
    model = make_model(name)
    if stacked and not model.stacks:
        pytest.skip("one path only")
    samples = selection.samples
    folds = make_folds(samples, "composite")[:2]
    plan = FitPlan(3, 0, 1, "cpu", samples.ids)
    rows = [fold.train for fold in folds]
    fit = model.fit_folds if stacked else lambda *a: fit_one_by_one(model, *a)
    plain = fit(samples, rows, plan)[0]
    changed = fit(marked(samples, folds[0]), rows, plan)[0]
    probe = samples.maps  # any maps: equal answers everywhere mean equal weights
    assert np.array_equal(plain.probabilities(probe), changed.probabilities(probe))


def test_the_test_above_can_fail(selection: Selection) -> None:
    samples = selection.samples
    fold = make_folds(samples, "composite")[0]
    plan = FitPlan(3, 0, 1, "cpu", samples.ids)
    everyone = [np.arange(len(samples))]
    model = make_model("ststnet")
    plain = model.fit_folds(samples, everyone, plan)[0]
    changed = model.fit_folds(marked(samples, fold), everyone, plan)[0]
    probe = samples.maps
    assert not np.array_equal(plain.probabilities(probe), changed.probabilities(probe))


def test_the_normalisation_is_of_the_training_clips(selection: Selection) -> None:
    samples = selection.samples
    fold = make_folds(samples, "composite")[0]
    plan = FitPlan(3, 0, 0, "cpu", samples.ids)
    fitted = SvmModel().fit_folds(marked(samples, fold), [fold.train], plan)[0]
    assert isinstance(fitted, FittedSvm)
    expected = samples.maps[fold.train].reshape(len(fold.train), -1).mean(axis=0)
    assert np.allclose(fitted.standardise.mean, expected)
