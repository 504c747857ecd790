"""FRL-DGT's regions, fusions and whole network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recognition.classifiers.frl_dgt import (  # noqa: E402
    FrlDgtNet,
    load_frl_dgt,
    pack_frl_dgt,
)
from recognition.classifiers.frl_dgt_config import FrlDgtConfig  # noqa: E402
from recognition.classifiers.frl_dgt_fusion import Average, Fusion  # noqa: E402
from recognition.classifiers.frl_dgt_regions import (  # noqa: E402
    AU_REGIONS,
    RegionCrops,
    grid_regions,
)
from recognition.config import MapConfig, face_of  # noqa: E402
from recognition.motion.frl_dgt.config import DgmConfig  # noqa: E402
from recognition.motion.frl_dgt.weights import GeneratedDisplacement  # noqa: E402
from streamer.core.errors import ModelError  # noqa: E402
from training.synthetic.face_model import CANONICAL_LANDMARKS  # noqa: E402

FACE = MapConfig()
TINY = FrlDgtConfig(
    dgm=DgmConfig(size_px=64, width=4), cells=14, patch=7, region_cells=4, region_patch=2, width=8,
    heads=2, fused=2, dropout=0.0,
)  # fmt: skip


def faces(count: int, seed: int = 0):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (2, count, 64, 64, 3), dtype=np.uint8))


def make_net(**changes: object) -> FrlDgtNet:
    torch.manual_seed(0)
    net = FrlDgtNet(replace(TINY, **changes)).eval()  # type: ignore[arg-type]
    if net.dgm is not None:
        torch.nn.init.normal_(net.dgm.displace.weight, std=0.1)
    return net


def test_regions_lie_in_the_face_and_have_a_mirror_image() -> None:
    boxes = {(r.left_iod, r.top_iod, r.right_iod, r.bottom_iod) for r in AU_REGIONS}
    for box in AU_REGIONS:
        assert FACE.crop_left_iod <= box.left_iod < box.right_iod <= FACE.crop_right_iod
        assert FACE.crop_top_iod <= box.top_iod < box.bottom_iod <= FACE.crop_bottom_iod
        assert (-box.right_iod, box.top_iod, -box.left_iod, box.bottom_iod) in boxes
        assert box.units
    names = [box.name for box in AU_REGIONS]
    assert len(set(names)) == len(names) == 14
    assert {n.replace("_left", "_right") for n in names if "_left" in n} <= set(names)


@pytest.mark.parametrize(
    ("region", "points"),
    [
        ("brow_inner_left", (107, 55)),
        ("brow_outer_left", (105, 63, 52)),
        ("eye_left", (33, 133, 159, 145)),
        ("cheek_left", (101, 50, 205, 118)),
        ("mouth_corner_left", (57,)),
        ("brow_inner_right", (336, 285)),
        ("nose_root", (168, 6)),
        ("nose", (4, 129, 358)),
        ("lips", (0, 37, 267)),
    ],
)
def test_regions_hold_their_points_of_the_mean_mesh(region: str, points: tuple[int, ...]) -> None:
    (box,) = [box for box in AU_REGIONS if box.name == region]
    for index in points:
        x, y = CANONICAL_LANDMARKS[index][:2]
        assert box.left_iod <= x <= box.right_iod and box.top_iod <= y <= box.bottom_iod


def test_crops_are_mean_values_of_the_box() -> None:
    cells = 56
    x = torch.linspace(FACE.crop_left_iod, FACE.crop_right_iod, 2 * cells + 1)[1::2]
    y = torch.linspace(FACE.crop_top_iod, FACE.crop_bottom_iod, 2 * cells + 1)[1::2]
    planes = torch.stack([x.expand(cells, cells), y[:, None].expand(cells, cells)])[None]
    found = RegionCrops(AU_REGIONS, FACE, cells, 12)(planes)
    assert found.shape == (1, 14, 2, 12, 12)
    for k, box in enumerate(AU_REGIONS):
        middle = (0.5 * (box.left_iod + box.right_iod), 0.5 * (box.top_iod + box.bottom_iod))
        np.testing.assert_allclose(found[0, k].mean(dim=(1, 2)), middle, atol=0.02)
        assert float(found[0, k, 0, 0, 0]) < middle[0] < float(found[0, k, 0, 0, -1])
    grid = grid_regions(face_of(128))
    assert len(grid) == 9 and grid[4].left_iod == pytest.approx(-grid[4].right_iod)
    assert grid[8].bottom_iod == FACE.crop_bottom_iod


@pytest.mark.parametrize("before", [True, False])
def test_fusion_is_before_attention_or_after_it(before: bool) -> None:
    fusion = Fusion(9, 4, 8, 2, 1, 0.0, before).eval()
    seen: list[int] = []
    fusion.blocks[0].register_forward_hook(lambda _m, given, _out: seen.append(given[0].shape[1]))
    assert fusion(torch.randn(3, 9, 8)).shape == (3, 8)
    assert seen == [4 if before else 9]  # tokens that the attention sees
    tokens = torch.randn(2, 5, 8)
    torch.testing.assert_close(Average()(tokens), tokens.mean(dim=1))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"fuse_before": False},
        {"regions": "grid"},
        {"full_face": False},
        {"local_fusion": False},
        {"global_fusion": False},
        {"classes": 5},
    ],
)
def test_every_switch_gives_logits_and_another_answer(changes: dict[str, object]) -> None:
    net = make_net(**changes)
    onset, apex = faces(3)
    logits, displacement = net(onset, apex)
    assert logits.shape == (3, 5 if "classes" in changes else 3)
    assert displacement.shape == (3, 2, 64, 64)
    one = net(onset[1:2], apex[1:2])[0]
    torch.testing.assert_close(one[0], logits[1], atol=1e-5, rtol=1e-4)
    assert not torch.equal(logits[0], logits[1])
    assert isinstance(net.local, Average) == ("local_fusion" in changes)
    assert (net.full is None) == ("full_face" in changes)


@pytest.mark.parametrize("displacement", ["flow", "flow-normalised", "dynamic-image"])
def test_what_replaces_the_displacement(displacement: str) -> None:
    net = make_net(displacement=displacement)
    planes = 1 if displacement == "dynamic-image" else 2
    field = 8.0 * torch.randn(2, planes, 64, 64, dtype=torch.float16)
    logits = net.classify(field)
    assert net.dgm is None and logits.shape == (2, 3) and bool(torch.isfinite(logits).all())
    still = net.classify(torch.zeros(1, planes, 64, 64))  # a constant face
    assert bool(torch.isfinite(still).all())
    with pytest.raises(ValueError, match="made outside"):
        net(*faces(1))
    stronger = net.classify(3.0 * field)
    same = torch.allclose(stronger, logits, atol=1e-2)
    assert same == (displacement == "flow-normalised")  # only there strength does not count


def test_head_motion_does_not_count() -> None:
    """A displacement and the same with a shift and a roll of the head give the same answer."""
    net, size = make_net(), 64
    y, x = torch.meshgrid(torch.arange(size) - 32.0, torch.arange(size) - 23.0, indexing="ij")
    brow = torch.exp(-0.5 * ((x - 10) ** 2 + (y + 12) ** 2) / 9.0)
    field = torch.stack([0.0 * brow, -0.8 * brow])[None]
    head = torch.stack([0.7 - 0.01 * y, -0.4 + 0.01 * x])[None]
    left_in = make_net(rigid_iterations=0)
    own, moved = net.classify(field), net.classify(field + head)
    gap = (own - moved).abs().max()
    assert gap < 0.3 * (left_in.classify(field) - left_in.classify(field + head)).abs().max()


def test_settings_that_do_not_fit_are_named() -> None:
    for changes, text in (
        ({"patch": 6}, "cells 14 must be a multiple of patch 6"),
        ({"region_patch": 3}, "region_cells 4 must be a multiple of region_patch 3"),
        ({"cells": 21}, "cells 21 must be an even number"),
        ({"heads": 3}, "width 8 must be a multiple of heads 3"),
    ):
        with pytest.raises(ValueError, match=text):
            replace(TINY, **changes)  # type: ignore[arg-type]


def test_weights_come_back_and_strange_ones_do_not(tmp_path: Path) -> None:
    net, path = make_net(), tmp_path / "net.safetensors"
    path.write_bytes(pack_frl_dgt(net, "negative,positive,surprise", 1.5))
    back, facts = load_frl_dgt(path)
    assert back.config == net.config and facts["temperature"] == "1.5"
    onset, apex = faces(2)
    torch.testing.assert_close(back(onset, apex)[0], net(onset, apex)[0])
    alone = GeneratedDisplacement(path, 64).motion_px(onset.numpy(), apex.numpy())
    expected = net.displacement(onset, apex).permute(0, 2, 3, 1).detach().numpy()
    np.testing.assert_allclose(alone, expected, atol=1e-5)
    with pytest.raises(ModelError, match="faces of 64 pixels, not 128"):
        GeneratedDisplacement(path, 128)
    path.write_bytes(pack_frl_dgt(make_net(displacement="flow"), "a", 1.0))
    with pytest.raises(ModelError, match=r"lacks .*train it again"):
        GeneratedDisplacement(path)
    path.write_bytes(path.read_bytes().replace(b'"frl_dgt"', b'"frl_dgx"'))
    with pytest.raises(ModelError, match="holds no FRL-DGT network"):
        load_frl_dgt(path)
    with pytest.raises(ModelError, match="holds no displacement module"):
        GeneratedDisplacement(path)
