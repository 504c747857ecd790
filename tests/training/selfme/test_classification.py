"""The classification stage: steps, going on, switches, augmentation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from recognition.classifiers.selfme import SelfmeNet
from tests.training.selfme.faces import make_pairs, tiny_config
from training.selfme.classification import (
    SMALL,
    ClassifierTrainer,
    ClassifierTraining,
    class_weights,
    mirror_field,
    vary,
)
from training.selfme.pairs import motion_crops

PLAIN = ClassifierTraining(epochs=4, batch=6)


def make_trainer(training: ClassifierTraining, omega: float = 0.11) -> ClassifierTrainer:
    torch.manual_seed(0)
    net = SelfmeNet(tiny_config())
    crops = 0.02 * torch.randn(12, 2, 28, 28, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(12) % 3
    return ClassifierTrainer(net.classifier, crops, labels, training, (omega, 0.07), seed=3)


def test_the_paper_is_the_default() -> None:
    paper = ClassifierTraining()
    facts = (paper.epochs, paper.batch, paper.learning_rate, paper.decay, paper.weight_decay)
    assert facts == (60, 32, 1e-4, 0.9, 0.0)
    trainer = make_trainer(replace(PLAIN, learning_rate=1e-4))
    rates = []
    for _ in range(4):
        trainer.step()
        rates.append(trainer.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([1e-4, 1e-4, 0.9e-4, 0.9e-4])  # two steps an epoch


def test_without_contrast_its_loss_is_not_there() -> None:
    with_sc, without = make_trainer(PLAIN).step(), make_trainer(PLAIN, omega=0.0).step()
    assert with_sc.classes == pytest.approx(without.classes)  # same batch, same dropout
    assert without.contrast == 0.0 and without.total == pytest.approx(without.classes)
    assert with_sc.total == pytest.approx(with_sc.classes + 0.11 * with_sc.contrast, rel=1e-5)


def test_every_epoch_draws_a_version_of_each_clip() -> None:
    """Versions that tell themselves apart: which one is seen changes, and comes again."""
    trainer = make_trainer(PLAIN)
    crops = trainer._crops[:, None] * torch.tensor([1.0, 0.5, 0.25])[:, None, None, None]
    many = ClassifierTrainer(trainer.net, crops, trainer._labels, PLAIN, (0.11, 0.07), seed=3)
    again = ClassifierTrainer(trainer.net, crops, trainer._labels, PLAIN, (0.11, 0.07), seed=3)
    drawn = [many._versions(epoch) for epoch in range(4)]
    assert all(version is not None and version.shape == (12,) for version in drawn)
    assert {int(v) for version in drawn for v in version} == {0, 1, 2}
    assert not torch.equal(drawn[0], drawn[1]) and torch.equal(drawn[2], again._versions(2))
    assert trainer._versions(0) is None


def test_one_version_trains_as_the_pair_itself() -> None:
    plain, same = make_trainer(PLAIN), make_trainer(PLAIN)
    same = ClassifierTrainer(
        same.net, same._crops[:, None], same._labels, PLAIN, (0.11, 0.07), seed=3
    )
    assert [plain.step() for _ in range(3)] == [same.step() for _ in range(3)]


@pytest.mark.parametrize("killed_after", [1, 3, 5])
def test_going_on_after_a_kill_gives_the_same_weights(killed_after: int) -> None:
    training = replace(SMALL, epochs=4, batch=6)
    whole = make_trainer(training)
    for _ in range(whole.total_steps):
        whole.step()
    first = make_trainer(training)
    for _ in range(killed_after):
        first.step()
    second = make_trainer(training)
    second.net.load_state_dict(first.net.state_dict())
    second.restore(first.state())
    while second.step_count < second.total_steps:
        second.step()
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, second.net.state_dict()[name]), name


def test_accumulated_gradients_are_those_of_the_batch() -> None:
    """Cross entropy alone: the SC loss looks at its own part of the batch only."""
    whole, parts = make_trainer(PLAIN, 0.0), make_trainer(replace(PLAIN, accumulate=3), 0.0)
    for trainer in (whole, parts):
        for module in trainer.net.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        trainer.step()
    gradients = dict(parts.net.named_parameters())
    for name, value in whole.net.named_parameters():
        torch.testing.assert_close(value.grad, gradients[name].grad, atol=1e-6, rtol=1e-4)


def test_bad_input_is_refused() -> None:
    trainer = make_trainer(PLAIN)
    broken = torch.full((2, 2, 28, 28), float("nan"))
    with pytest.raises(ValueError, match="NaN"):
        ClassifierTrainer(trainer.net, broken, torch.zeros(2), PLAIN, (0.1, 0.07), 0)
    with pytest.raises(ValueError, match="0 motion fields but 0 labels"):
        ClassifierTrainer(trainer.net, broken[:0], torch.zeros(0), PLAIN, (0.1, 0.07), 0)
    with pytest.raises(ValueError, match="multiple of accumulate"):
        ClassifierTraining(batch=32, accumulate=5)


def test_mirror_by_hand() -> None:
    field = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # u = 1 2, v = 3 4
    expected = torch.tensor([[[[-2.0, -1.0]], [[4.0, 3.0]]]])
    assert torch.equal(mirror_field(field), expected)
    assert torch.equal(mirror_field(mirror_field(field)), field)


def test_variation_is_drawn_from_its_generator_alone() -> None:
    crops = torch.randn(4, 2, 28, 28)
    drawn = [vary(crops, SMALL, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert torch.equal(vary(crops, PLAIN, torch.Generator()), crops)


def test_class_weights_by_hand() -> None:
    weight = class_weights(torch.tensor([0, 0, 0, 1]), 3, 1.0)
    assert weight[1] == pytest.approx(3 * weight[0].item()) and weight[2] == 0.0


@pytest.mark.parametrize("motion", ["dis", "selfme"])
def test_motion_is_amplified_and_wrong_pairs_are_named(motion: str) -> None:
    pairs, _ = make_pairs(3)
    torch.manual_seed(0)
    net = SelfmeNet(tiny_config(motion)).eval()
    once, twice = (motion_crops(net, pairs, gamma) for gamma in (1.0, 2.0))
    assert once.shape == (3, 2, 28, 28)
    if motion == "dis":
        torch.testing.assert_close(twice, 2.0 * once, atol=1e-4, rtol=1e-3)
    with pytest.raises(ValueError, match=r"expected uint8 \[N, 2, 64, 64, 3\]"):
        motion_crops(net, pairs[:, :, :32], 1.0)
    with pytest.raises(ValueError, match=r"float64 \[3, 2, 64, 64, 3\]"):
        motion_crops(net, pairs.astype(np.float64), 1.0)  # type: ignore[arg-type]
