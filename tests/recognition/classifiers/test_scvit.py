"""The network: levelling, mirror, regions, shapes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from recognition.classifiers.scvit import (  # noqa: E402
    Levelling,
    SCViT,
    SCViTConfig,
    region_embeddings,
)


def test_logits_and_patches_have_their_shapes_and_the_net_is_small() -> None:
    model = SCViT().eval()
    logits, patches = model(torch.zeros((5, 28, 28, 3), dtype=torch.uint8))
    assert logits.shape == (5, 3) and patches.shape == (5, 16, model.config.width)
    assert sum(p.numel() for p in model.parameters()) < 1_000_000
    assert torch.isfinite(logits).all()


def test_levelling_finds_the_zero_that_the_stretch_moved() -> None:
    """A face at rest with one moving spot: rest becomes 0 wherever the stretch had put it."""
    spot = torch.zeros((1, 28, 28, 3), dtype=torch.uint8)
    spot[..., 0], spot[..., 1] = 60, 200  # rest of u, v
    spot[0, 20:23, 5:8, 0], spot[0, 3:6, 5:8, 1] = 255, 0
    level = Levelling(28, 1)(spot)
    assert level.shape == (1, 3, 28, 28)
    assert float(level[0, 0, 10, 15].abs()) < 0.05 and float(level[0, 1, 10, 15].abs()) < 0.05
    assert float(level[0, 0, 21, 6]) > 2.0 and float(level[0, 1, 4, 6]) < -2.0


def test_levelling_takes_a_slope_out() -> None:
    ramp = torch.linspace(0, 255, 28).round().to(torch.uint8)
    maps = torch.zeros((1, 28, 28, 3), dtype=torch.uint8)
    maps[..., 0] = ramp[None, None, :]
    maps[..., 1] = ramp[None, :, None]
    level = Levelling(28, 3, iterations=12)(maps)
    kept = Levelling(28, 1, iterations=12)(maps)
    assert float(level[0, 0, 14, 27]) < 3.0  # only rounding is left, scaled up to mean size one
    assert float(kept[0, 0, 14, 27]) > 1.0
    raw = Levelling(28, 3)
    assert raw.basis.shape == (784, 3) and raw.inverse.shape == (3, 784)


def test_regions_are_the_four_quarters() -> None:
    """4 x 4 patches numbered row by row: UL holds 0, 1, 4, 5 and so on."""
    numbers = torch.arange(16.0).reshape(1, 16, 1)
    expected = [(0 + 1 + 4 + 5) / 4, (2 + 3 + 6 + 7) / 4, (8 + 9 + 12 + 13) / 4, 12.5]
    assert region_embeddings(numbers)[0, :, 0].tolist() == expected


def test_the_mirrored_half_of_an_even_grid_is_the_other_region() -> None:
    assert SCViTConfig().grid % 2 == 0
