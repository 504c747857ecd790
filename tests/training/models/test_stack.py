"""Folds trained together equal folds trained one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.methods._ststnet_net import STSTNet
from training.methods._ststnet_stack import ststnet_gradients
from training.methods.off_apexnet import OffApexNet
from training.models.base import FitPlan, Samples, epoch_batches, fit_one_by_one, own_rows
from training.models.flow_net import Optimiser
from training.models.network import NetworkModel
from training.models.stack import vmap_gradients


def flat_and_busy_samples(count: int = 26) -> Samples:
    """Random maps, some with large flat areas: ties in the pooling cells."""
    rng = np.random.default_rng(0)
    maps = rng.integers(0, 256, (count, 28, 28, 3), dtype=np.uint8)
    maps[::3, 5:20] = 128
    maps[1] = 0
    return Samples(
        tuple(f"a/s{i % 4}/{i}" for i in range(count)),
        tuple(f"a/s{i % 4}" for i in range(count)),
        maps,
        rng.integers(0, 3, count),
    )


def ststnet(batch: int, rate: float) -> NetworkModel:
    return NetworkModel("ststnet", STSTNet, Optimiser(4, batch, rate), "", ststnet_gradients)


def off_apexnet(batch: int, rate: float) -> NetworkModel:
    return NetworkModel("off-apexnet", OffApexNet, Optimiser(2, batch, rate), "")


@pytest.mark.parametrize(
    ("model", "epochs"),
    [(ststnet(9, 1e-3), 5), (ststnet(256, 5e-5), 5), (off_apexnet(9, 1e-4), 2)],
)
def test_stacked_equals_one_by_one(model: NetworkModel, epochs: int) -> None:
    samples = flat_and_busy_samples()
    groups = np.array(samples.groups)
    rows = [np.flatnonzero(groups != f"a/s{k}") for k in range(3)]
    plan = FitPlan(3, 7, epochs, "cpu", samples.ids)
    together = model.fit_folds(samples, rows, plan)
    alone = fit_one_by_one(model, samples, rows, plan)
    for a, b in zip(together, alone, strict=True):
        expected = b.probabilities(samples.maps)
        assert np.abs(a.probabilities(samples.maps) - expected).max() < 1e-4
    moved = alone[0].probabilities(samples.maps) - alone[1].probabilities(samples.maps)
    assert np.abs(moved).max() > 1e-4  # the folds did learn, and differently


def test_gradients_equal_those_of_autograd() -> None:
    samples = flat_and_busy_samples()
    torch.manual_seed(0)
    net = STSTNet(3)
    maps, labels = torch.from_numpy(samples.maps), torch.from_numpy(samples.labels)
    stack = {n: p.detach().repeat(2, *[1] * p.ndim) for n, p in net.named_parameters()}
    weight = torch.rand(2, len(samples))
    found = ststnet_gradients(net)(maps, labels)(stack, torch.arange(len(samples)), weight)
    for fold in range(2):
        losses = torch.nn.functional.cross_entropy(net(maps), labels, reduction="none")
        net.zero_grad()
        (losses * weight[fold]).sum().backward()
        for name, value in net.named_parameters():
            assert torch.allclose(found[name][fold], value.grad, rtol=1e-3, atol=1e-4), name


def test_seeds_train_together_as_they_do_alone() -> None:
    samples = flat_and_busy_samples(14)
    rows = [np.arange(8), np.arange(4, 12)]
    model = ststnet(6, 1e-3)
    plan = FitPlan(3, 0, 3, "cpu", samples.ids, seeds=(4, 9, 4, 9))
    together = model.fit_folds(samples, [*rows, *rows[::-1]], plan)
    for found, seed, own in zip(together, plan.seeds, [*rows, *rows[::-1]], strict=True):
        alone = model.fit(samples.take(own), FitPlan(3, seed, 3, "cpu", samples.ids))
        gap = np.abs(found.probabilities(samples.maps) - alone.probabilities(samples.maps)).max()
        assert gap < 1e-5


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("classes", [3, 5])
def test_gradients_equal_those_of_vmap(threads: int, classes: int) -> None:
    samples = flat_and_busy_samples()
    torch.manual_seed(0)
    nets = [STSTNet(classes) for _ in range(4)]
    every = [dict(net.named_parameters()) for net in nets]
    stack = {name: torch.stack([own[name].detach() for own in every]) for name in every[0]}
    maps, labels = torch.from_numpy(samples.maps), torch.from_numpy(samples.labels)
    weight = torch.rand(4, 20)
    weight[:, ::3] = 0
    clips = torch.randperm(len(samples))[:20]
    expected = vmap_gradients(nets[0])(maps, labels)(stack, clips, weight)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = ststnet_gradients(nets[0])(maps, labels)(stack, clips, weight)
    finally:
        torch.set_num_threads(before)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=1e-3, atol=1e-4), name


def test_the_same_seed_gives_the_same_network_and_another_seed_another() -> None:
    samples = flat_and_busy_samples(12)
    rows = [np.arange(8), np.arange(4, 12)]

    def answers(seed: int) -> np.ndarray:
        plan = FitPlan(3, seed, 2, "cpu", samples.ids)
        fitted = ststnet(8, 1e-3).fit_folds(samples, rows, plan)
        return np.stack([one.probabilities(samples.maps) for one in fitted])

    assert np.array_equal(answers(3), answers(3))
    assert not np.array_equal(answers(3), answers(4))


def test_batches_cover_every_clip_once_an_epoch_whoever_asks() -> None:
    plan = FitPlan(3, 5, 2, "cpu", tuple("abcdefg"))
    epochs = [np.concatenate(batches) for batches in epoch_batches(plan, 3)]
    assert [sorted(order) for order in epochs] == [list(range(7))] * 2
    assert not np.array_equal(epochs[0], epochs[1])
    assert own_rows(plan, ("c", "a")).tolist() == [1, -1, 0, -1, -1, -1, -1]
