"""Pieces of the trainer: calibration, schedule, reproducibility."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from training.common.calibration import measure_reliability, temperature_of  # noqa: E402
from training.pretrain.train import TrainConfig, train_member  # noqa: E402
from training.synthetic.maps import Domain  # noqa: E402

TINY = TrainConfig(maps=256, chunk=128, epochs=1, batch=64, domain=Domain(faces=1))


def test_the_same_seed_gives_the_same_network() -> None:
    one, two = (train_member(TINY, 3).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_progress_counts_every_map() -> None:
    told: list[int] = []
    train_member(TINY, 0, told.append)
    assert sum(told) == TINY.work == 2 * 256 and TINY.steps == 4


def test_temperature_undoes_overconfidence() -> None:
    """Logits three times too large for their own hit rate are cooled down by about three."""
    generator = torch.Generator().manual_seed(0)
    honest = torch.randn((20000, 3), generator=generator)
    labels = torch.multinomial(honest.softmax(dim=1), 1, generator=generator)[:, 0]
    assert temperature_of(3.0 * honest.numpy(), labels.numpy()) == pytest.approx(3.0, rel=0.08)
    gap = [measure_reliability((k * honest).softmax(dim=1).numpy(), labels.numpy()) for k in (1, 3)]
    assert gap[0].error < 0.02 < gap[1].error
