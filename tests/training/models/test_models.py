"""Each model of the registry learns something, answers in shares, and says what it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from recognition.maps import map_of_crop
from streamer.errors import UsageError
from streamer.records import EMOTIONS
from training.datasets.fake import fake_field
from training.models.base import FitPlan, Samples
from training.models.registry import MODELS, check_models, make_model, reads_pairs
from training.models.scvit import class_weights, load_pretrained, vary
from training.models.svm import fit_standardiser, fit_svm


@pytest.fixture(scope="module")
def samples() -> Samples:
    rng = np.random.default_rng(0)
    labels = np.arange(36) % 3
    maps = np.stack([map_of_crop(fake_field(EMOTIONS[k], rng, 0.2)) for k in labels])
    ids = tuple(f"a/s{i % 4}/{i}" for i in range(36))
    return Samples(ids, tuple(f"a/s{i % 4}" for i in range(36)), maps, labels)


@pytest.mark.parametrize("name", [name for name in MODELS if not reads_pairs(name)])
def test_a_model_learns_its_training_clips(name: str, samples: Samples) -> None:
    model = make_model(name)
    epochs = {"ststnet": 150, "off-apexnet": 12, "scvit": 4}.get(name, 0)
    fitted = model.fit(samples, FitPlan(3, 0, epochs, "cpu", samples.ids))
    shares = fitted.probabilities(samples.maps)
    assert shares.shape == (36, 3) and shares.dtype == np.float32
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares.argmax(axis=1) == samples.labels).mean() > 0.7
    features = fitted.features(samples.maps)
    assert (features is None) == (name in ("svm", "zero-shot"))
    assert features is None or len(features) == 36
    json.dumps(dict(model.settings()))
    assert model.name == name


def test_names_are_checked() -> None:
    assert check_models("svm, zero-shot,svm") == ["svm", "zero-shot"]
    with pytest.raises(UsageError, match="model 'vgg' is unknown: choose among scvit, ststnet"):
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
