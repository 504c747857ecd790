"""Kernel ridge against its primal form, and the blend with the bundled network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from recognition.classifiers.ensemble import mirror
from recognition.classifiers.maps import map_of_crop
from streamer.core.records import EMOTIONS
from tests.training.fake_maps import fake_field
from training.methods import kernel_blend
from training.methods.kernel_blend import BlendModel, blocks_of, describe
from training.models.base import FitPlan, Samples
from training.models.bundled import BundledAnswer, ask_bundled
from training.models.kernels import SummedKernel, fit_kernel, fit_ridge


def test_the_kernel_by_hand() -> None:
    first = np.array([[[0.0, 5.0], [1.0, 5.0]]])  # one clip, two views, two columns
    second = np.array([[[2.0, 5.0], [0.0, 6.0]]])
    kernel = SummedKernel((slice(0, 1), slice(1, 2)), (4.0, 1.0))
    expected = (np.exp(-1.0) + np.exp(0.0) + np.exp(0.0) + np.exp(-1.0)) / 4
    assert kernel(first, second)[0, 0] == pytest.approx(expected)


def test_the_width_is_the_median_distance() -> None:
    clips = np.zeros((3, 2, 1))
    clips[:, 0, 0] = [0.0, 1.0, 3.0]  # squared distances 1, 9, 4
    assert fit_kernel(clips, [slice(0, 1)]).widths == (4.0,)


def test_the_ridge_is_that_of_its_primal_form() -> None:
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(20, 4)), rng.normal(size=(5, 4))
    labels = np.array([0] * 12 + [1] * 5 + [2] * 3)
    fitted = fit_ridge(x @ x.T, labels, 3, ridge=0.7)
    weights = 20 / 3 / np.array([12, 5, 3])[labels]
    middle, wanted = np.average(x, axis=0, weights=weights), np.eye(3)[labels]
    centred, mean = x - middle, np.average(wanted, axis=0, weights=weights)
    gram = centred.T @ (weights[:, None] * centred) + 0.7 * np.eye(4)
    beta = np.linalg.solve(gram, centred.T @ (weights[:, None] * (wanted - mean)))
    assert np.allclose(mean, 1 / 3)  # every class weighs the same
    assert np.allclose(fitted(new @ x.T), (new - middle) @ beta + mean)
    assert np.allclose(fitted(new @ x.T).sum(axis=1), 1.0)


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Six people, two clips of each class."""
    rng = np.random.default_rng(0)
    rows = [(s, k) for s in range(6) for k in range(3) for _ in range(2)]
    maps = np.stack([map_of_crop(fake_field(EMOTIONS[k], rng, 0.25)) for _, k in rows])
    ids = tuple(f"x/{i}" for i in range(len(rows)))
    labels = np.array([k for _, k in rows])
    return BlendModel().represent(Samples(ids, tuple(f"x/{s}" for s, _ in rows), maps, labels))


def plan(samples: Samples, classes: int = 3) -> FitPlan:
    return FitPlan(classes, 0, 0, "cpu", samples.ids)


def test_it_learns_and_a_mirrored_face_gets_the_same_answer(samples: Samples) -> None:
    train, test = samples.take(np.arange(24)), samples.take(np.arange(24, 36))
    fitted = BlendModel(splits=3).fit(train, plan(samples))
    told = fitted.probabilities(test.inputs)
    assert (told.argmax(axis=1) == test.labels).mean() > 0.8
    assert np.allclose(told.sum(axis=1), 1.0, atol=1e-5)
    turned = describe(mirror(torch.from_numpy(test.maps)).numpy())
    assert np.allclose(fitted.probabilities(turned), told, atol=1e-3)


def test_five_classes_do_without_the_network(samples: Samples) -> None:
    moved = replace(samples, labels=samples.labels + (np.arange(36) % 2) * 2 * (samples.labels > 0))
    fitted = BlendModel(splits=3).fit(moved, plan(moved, classes=5))
    assert fitted.probabilities(moved.inputs).shape == (36, 5)


def test_the_bare_output_of_the_network(samples: Samples) -> None:
    told = ask_bundled(samples.maps[:4])
    assert told.logs.shape == (4, 3) and np.allclose(np.exp(told.logs).sum(axis=1), 1.0, atol=1e-5)


def test_units_are_one_more_description(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_units(maps: np.ndarray) -> BundledAnswer:
        return BundledAnswer(
            np.zeros((len(maps), 3), np.float32), np.ones((len(maps), 7), np.float32)
        )

    monkeypatch.setattr(kernel_blend, "ask_bundled", with_units)
    made = describe(samples.maps[:2])
    motion = 3 * 14 * 14 * 2 + 3 * 7 * 7
    assert made.shape == (2, 2, 3 + motion + 7)
    blocks = blocks_of(28, made.shape[2])
    assert blocks[-1] == slice(3 + motion, 3 + motion + 7) and len(blocks) == 6
    assert len(blocks_of(28, 3 + motion)) == 5
    assert blocks[3] == slice(3 + 196, 3 + 392)  # v of the first description
