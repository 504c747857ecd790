"""Each model of the registry learns something, answers in shares, and says what it is."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from recognition.classifiers.ensemble import ViewEnsemble, mirror
from recognition.classifiers.maps import map_of_crop
from streamer.core.errors import UsageError
from streamer.core.records import EMOTIONS
from tests.training.fake_maps import fake_field
from training.loso.registry import check_models, make_model
from training.methods.linear import fit_linear, two_views
from training.methods.scvit import class_weights, load_pretrained, vary
from training.models.base import FitPlan, Fitted, Samples, fit_one_by_one
from training.models.shallow import best_cost
from training.models.svm import fit_standardiser, fit_svm


@pytest.fixture(scope="module")
def samples() -> Samples:
    rng = np.random.default_rng(0)
    labels = np.arange(36) % 3
    maps = np.stack([map_of_crop(fake_field(EMOTIONS[k], rng, 0.2)) for k in labels])
    ids = tuple(f"a/s{i % 4}/{i}" for i in range(36))
    return Samples(ids, tuple(f"a/s{i % 4}" for i in range(36)), maps, labels)


_EPOCHS = {"ststnet": 150, "committee": 150, "off-apexnet": 12, "scvit": 4, "svm": 0, "linear": 0}


@pytest.mark.parametrize("name", [*_EPOCHS, "zero-shot"])
def test_a_model_learns_its_training_clips(name: str, samples: Samples) -> None:
    model = make_model(name)
    epochs = _EPOCHS.get(name, 0)
    fitted = model.fit(samples, FitPlan(3, 0, epochs, "cpu", samples.ids))
    shares = fitted.probabilities(samples.maps)
    assert shares.shape == (36, 3) and shares.dtype == np.float32
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares.argmax(axis=1) == samples.labels).mean() > 0.7
    features = fitted.features(samples.maps)
    assert (features is None) == (name in ("svm", "zero-shot", "linear"))
    assert features is None or len(features) == 36
    json.dumps(dict(model.settings()))
    assert model.name == name


def test_names_are_checked() -> None:
    assert check_models("svm, zero-shot,svm") == ["svm", "zero-shot"]
    with pytest.raises(UsageError, match=r"model 'vgg' is unknown: choose among .*committee, "):
        check_models("svm,vgg")
    with pytest.raises(UsageError, match="is unknown"):
        check_models(" , ")


def test_zero_shot_refuses_other_classes(samples: Samples) -> None:
    with pytest.raises(UsageError, match="not 5 classes: choose --classes 3"):
        make_model("zero-shot").fit(samples, FitPlan(5, 0, 0, "cpu", samples.ids))


def test_an_svm_without_a_class_gives_it_nothing(samples: Samples) -> None:
    two = samples.take(np.flatnonzero(samples.labels != 1))
    shares = fit_svm(two, 1.0, 3).probabilities(samples.maps)
    assert (shares[:, 1] == 0).all() and np.allclose(shares.sum(axis=1), 1)
    one = samples.take(np.flatnonzero(samples.labels == 2))
    assert (fit_svm(one, 1.0, 3).probabilities(samples.maps).argmax(axis=1) == 2).all()


def test_a_cell_that_never_changes_does_no_harm() -> None:
    maps = np.full((4, 28, 28, 3), 7, dtype=np.uint8)
    assert np.isfinite(fit_standardiser(maps)(maps)).all()


def test_scvit_takes_five_classes() -> None:
    net = load_pretrained(0, 5)
    views = ViewEnsemble([net])(torch.zeros(2, 28, 28, 3, dtype=torch.uint8))
    assert views.shape == (2, 5)
    assert net(torch.zeros(2, 28, 28, 3, dtype=torch.uint8))[0].shape == (2, 5)


def test_classes_are_weighted_by_rarity() -> None:
    weight = class_weights(torch.tensor([0, 0, 0, 0, 1]), 3, 1.0)
    assert weight[1] == pytest.approx(4 * weight[0].item()) and weight[2] == 0
    assert (4 * weight[0] + weight[1]) / 5 == pytest.approx(1.0)


def test_variation_moves_and_mirrors_only(samples: Samples) -> None:
    maps = torch.from_numpy(samples.maps)
    torch.manual_seed(0)
    assert (vary(maps, 0)[..., 2].sum(dim=(1, 2)) == maps[..., 2].sum(dim=(1, 2))).all()
    moved = vary(maps, 2)
    assert moved.shape == maps.shape and moved.dtype == torch.uint8
    assert not torch.equal(moved, maps)


def test_the_committee_is_the_mean_of_its_members(samples: Samples) -> None:
    plan = FitPlan(3, 5, 3, "cpu", samples.ids)
    told: list[np.ndarray] = []

    def watch(epoch: int, position: int, fitted: Fitted) -> None:
        told.append(fitted.probabilities(samples.maps))

    found = make_model("committee").fit(samples, plan, watch)
    members = [make_model(name).fit(samples, plan) for name in ("zero-shot", "linear", "ststnet")]
    expected = np.mean([m.probabilities(samples.maps) for m in members], axis=0)
    assert np.allclose(found.probabilities(samples.maps), expected, atol=1e-6)
    assert len(told) == 3 and np.allclose(told[-1], expected, atol=1e-6)


def test_the_committee_of_many_folds_and_seeds_equals_those_alone(samples: Samples) -> None:
    model, rows = make_model("committee"), [np.arange(24), np.arange(6, 36)] * 2
    plan = FitPlan(3, 0, 2, "cpu", samples.ids, seeds=(0, 0, 1, 1))
    together = model.fit_folds(samples, rows, plan)
    for a, b in zip(together, fit_one_by_one(model, samples, rows, plan), strict=True):
        gap = a.probabilities(samples.maps) - b.probabilities(samples.maps)
        assert np.abs(gap).max() < 1e-5


def test_under_five_classes_the_committee_has_two_members(samples: Samples) -> None:
    five = replace(samples, labels=np.arange(36) % 5)
    fitted = make_model("committee").fit(five, FitPlan(5, 0, 1, "cpu", samples.ids))
    assert fitted.probabilities(samples.maps).shape == (36, 5)


def test_a_linear_model_without_a_class_gives_it_nothing(samples: Samples) -> None:
    two = samples.take(np.flatnonzero(samples.labels != 1))
    shares = fit_linear(two_views(two.maps), two.labels, 1.0, 3).probabilities(samples.maps)
    assert (shares[:, 1] == 0).all() and np.allclose(shares.sum(axis=1), 1)
    one = samples.take(np.flatnonzero(samples.labels == 2))
    assert (
        fit_linear(two_views(one.maps), one.labels, 1.0, 3)
        .probabilities(samples.maps)
        .argmax(axis=1)
        == 2
    ).all()


def test_a_mirrored_face_gets_the_same_answer(samples: Samples) -> None:
    fitted = fit_linear(two_views(samples.maps), samples.labels, 10.0, 3)
    turned = mirror(torch.from_numpy(samples.maps)).numpy()
    assert np.allclose(fitted.probabilities(samples.maps), fitted.probabilities(turned), atol=1e-6)


def test_the_cost_is_chosen_on_left_out_subjects(samples: Samples) -> None:
    shown: list[set[str]] = []

    def ask(inner: np.ndarray, cost: float, held: np.ndarray) -> np.ndarray:
        shown.append({samples.groups[row] for row in inner})
        assert not shown[-1] & {samples.groups[row] for row in held}
        labels = samples.labels[held] if cost == 2 else np.zeros(len(held), dtype=int)
        return np.eye(3, dtype=np.float32)[labels]

    assert best_cost(ask, samples, (1.0, 2.0, 4.0), 4, 3) == 2.0
    assert all(len(groups) == 3 for groups in shown) and len(shown) == 12
    alone = samples.take(np.flatnonzero([group == "a/s0" for group in samples.groups]))
    assert best_cost(ask, alone, (1.0, 2.0, 4.0), 4, 3) == 2.0 and len(shown) == 12
