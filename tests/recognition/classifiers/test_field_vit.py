"""SCViT on motion fields: input, regions, shapes, both networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recognition.classifiers.field_input import (  # noqa: E402
    FieldInput,
    HeadFit,
    sampling,
    solve_spd,
)
from recognition.classifiers.field_vit import make_field_vit  # noqa: E402
from recognition.classifiers.scvit import region_embeddings  # noqa: E402
from recognition.classifiers.selfme_config import VIT_S16, FieldConfig, SelfmeConfig  # noqa: E402
from recognition.config import MapConfig  # noqa: E402
from recognition.motion.head import remove_rigid, rigid_model  # noqa: E402
from streamer.core.errors import ModelError  # noqa: E402

FACE = MapConfig()


def lively_field(seed: int) -> np.ndarray:
    """[S, S, 2] in IOD: head motion, a moving brow, noise."""
    rng = np.random.default_rng(seed)
    (eye_x, eye_y), iod = FACE.eyes_px, FACE.iod_px
    y, x = (np.mgrid[0:128, 0:128] - np.array([eye_y, eye_x])[:, None, None]) / iod
    brow = 0.04 * np.exp(-0.5 * (((x - 0.5) / 0.2) ** 2 + ((y + 0.35) / 0.15) ** 2))
    head = np.stack([0.02 + 0.01 * x - 0.02 * y, -0.01 + 0.01 * y + 0.02 * x], axis=-1)
    noise = rng.normal(0.0, 0.002, (128, 128, 2))
    return (head + noise - brow[..., None] * np.array([0.0, 1.0])).astype(np.float32)


def as_planes(field: np.ndarray):  # type: ignore[no-untyped-def]
    return torch.from_numpy(field.transpose(2, 0, 1)[None].copy())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_head_motion_is_removed_as_in_streaming(seed: int) -> None:
    field = lively_field(seed)
    taking = FieldInput(128, FieldConfig())
    leaving = FieldInput(128, FieldConfig(rigid_iterations=0))
    expected = leaving.crop(as_planes(remove_rigid(field, FACE)) * FACE.iod_px).numpy()
    found = taking.crop(as_planes(field) * FACE.iod_px).numpy()
    assert np.abs(expected).max() > 0.02  # the brow stays
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("rounds", [1, 3, 8])
def test_the_head_fit_in_torch_is_the_one_in_numpy(rounds: int) -> None:
    field = lively_field(4)
    face = replace(FACE, rigid_iterations=rounds)
    removed = field - remove_rigid(field, face)  # design @ head
    design, _ = rigid_model(FACE)
    expected = np.linalg.lstsq(design.reshape(-1, 6), removed.reshape(-1), rcond=None)[0]
    found = HeadFit(128, rounds)(as_planes(field))[0].numpy()
    assert np.abs(expected[:4]).min() > 0.005
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_solve_spd_solves() -> None:
    rng = np.random.default_rng(3)
    roots = rng.normal(size=(4, 6, 6))
    matrix = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(6)
    wanted = rng.normal(size=(4, 6))
    target = np.einsum("nij,nj->ni", matrix, wanted)
    found = solve_spd(torch.from_numpy(matrix), torch.from_numpy(target)).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-8)


def test_sampling_by_hand() -> None:
    """Cells of one pixel copy; of two pixels weigh 1/4, 3/4... as triangles of that width do."""
    np.testing.assert_allclose(sampling(4, 0.0, 4.0, 4), np.eye(4), atol=1e-7)
    two = sampling(4, 0.0, 4.0, 2)
    # centres at 0.5 and 2.5, width 2: weights 1 - |0.5 - i| / 2 = .25 (i=-1), .75, .75, .25
    np.testing.assert_allclose(two[0], [0.5, 0.375, 0.125, 0.0], atol=1e-6)  # -1 falls on 0
    np.testing.assert_allclose(two[1], [0.0, 0.125, 0.375, 0.5], atol=1e-6)
    np.testing.assert_allclose(sampling(128, -9.0, 200.0, 56).sum(axis=1), 1.0, atol=1e-5)


def test_input_is_in_inter_ocular_distances_whatever_the_size() -> None:
    """The same motion of a face drawn twice as large, in twice as many pixels, looks the same."""
    config = FieldConfig(rigid_iterations=0)
    small = torch.full((1, 2, 128, 128), 0.5)
    large = torch.full((1, 2, 256, 256), 1.0)
    a, b = FieldInput(128, config)(small), FieldInput(256, config)(large)
    assert a.shape == b.shape == (1, 2, 56, 56)
    expected = np.arcsinh(0.5 / FACE.iod_px / 0.01)
    np.testing.assert_allclose(a.numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(b.numpy(), expected, rtol=1e-5)


def test_small_network_and_its_regions() -> None:
    net = make_field_vit(128, FieldConfig()).eval()
    logits, patches = net(torch.randn(3, 2, 128, 128))
    assert logits.shape == (3, 3) and patches.shape == (3, 64, 96)
    assert sum(p.numel() for p in net.parameters()) < 500_000
    # A motion in the upper right alone changes the upper right region alone (eq. 12, 13).
    still = torch.zeros(1, 2, 56, 56)
    moved = still.clone()
    moved[:, :, 5:20, 35:50] = 1.0
    change = region_embeddings(net.encode(moved)[1]) - region_embeddings(net.encode(still)[1])
    sizes = change[0].norm(dim=1)
    assert sizes[1] > 1e-3 and sizes[[0, 2, 3]].max() < 1e-6


def test_wrong_shapes_are_named() -> None:
    net = make_field_vit(128, FieldConfig())
    for shape in ((1, 2, 64, 64), (1, 3, 128, 128), (2, 128, 128), (0, 2, 128, 128)):
        with pytest.raises(ValueError, match=r"expected \[N, 2, 128, 128\]"):
            net(torch.zeros(shape))


def test_settings_are_checked_and_switches_work() -> None:
    with pytest.raises(ValueError, match="even whole number"):
        FieldConfig(cells=49, patch=7)
    with pytest.raises(ValueError, match="needs cells 224"):
        FieldConfig(network="vit-s16")
    with pytest.raises(ValueError, match="only network vit-s16"):
        FieldConfig(start="imagenet")
    with pytest.raises(ValueError, match=r"tau must be .* not 0"):
        SelfmeConfig(tau=0.0)
    plain = SelfmeConfig(symmetric=False, amplify=False)
    assert (plain.contrast, plain.amplification) == (0.0, 1.0)
    assert (SelfmeConfig().contrast, SelfmeConfig().amplification) == (0.11, 2.0)


def test_vit_s16_takes_two_channels() -> None:
    pytest.importorskip("timm", reason="timm comes with the train extra")
    from dataclasses import replace

    net = make_field_vit(128, replace(VIT_S16, start="random")).eval()
    with torch.no_grad():
        logits, patches = net(torch.randn(2, 2, 128, 128))
    assert logits.shape == (2, 3) and patches.shape == (2, 196, 384)
    assert net.vit.patch_embed.proj.weight.shape == (384, 2, 16, 16)
    assert 21e6 < sum(p.numel() for p in net.parameters()) < 23e6


def test_imagenet_weights_come_from_a_file_or_not_at_all(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timm = pytest.importorskip("timm", reason="timm comes with the train extra")
    from dataclasses import replace

    from safetensors.torch import save_file

    colour = timm.create_model("vit_small_patch16_224", pretrained=False)
    save_file(colour.state_dict(), tmp_path / "vit.safetensors")
    given = replace(VIT_S16, imagenet_file=str(tmp_path / "vit.safetensors"))
    net = make_field_vit(128, given)
    three = colour.patch_embed.proj.weight
    np.testing.assert_allclose(
        net.vit.patch_embed.proj.weight.detach().numpy(),
        (1.5 * three[:, :2]).detach().numpy(),
        atol=1e-6,
    )
    np.testing.assert_array_equal(
        net.vit.blocks[3].attn.qkv.weight.detach(), colour.blocks[3].attn.qkv.weight.detach()
    )
    absent = replace(VIT_S16, imagenet_file=str(tmp_path / "absent.safetensors"))
    with pytest.raises(ModelError, match=r"are not available from .*absent"):
        make_field_vit(128, absent)
    with pytest.raises(ModelError, match="never a pickle"):
        make_field_vit(128, replace(VIT_S16, imagenet_file="vit.pth"))
