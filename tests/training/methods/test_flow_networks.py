"""The networks on flow maps and on the apex: sizes, printed parameter counts, what they learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import alexnet, googlenet, squeezenet1_0, vgg16

from recognition.classifiers.maps import map_of_crop
from recognition.config import MapConfig
from streamer.core.errors import SourceFormatError
from streamer.core.records import EMOTIONS
from tests.training.fake_maps import fake_field
from training.bench.catalogue import parameters_of
from training.loso.registry import find_method, make_model
from training.methods.capsulenet import (
    CapsuleNet,
    CapsuleSettings,
    apex_face,
    couplings,
    make_capsulenet,
    route,
    squash,
)
from training.methods.dssn import Dssn
from training.methods.dual_inception import DualInception
from training.methods.emrnet import EmrNet, TurnRound
from training.methods.featref import FeatRef
from training.methods.htnet import HTNet, HtnetSettings, area_corners, four_areas
from training.methods.rcn_a import borrowed_attention
from training.methods.sssn import Sssn, features_at, magnitude_picture, truncated_alexnet
from training.models.base import FitPlan, Samples
from training.models.network import NetworkModel

_SMALL = ("dual-inception", "rcn-a", "sssn", "dssn", "featref", "squeezenet")
_LARGE = ("emrnet", "htnet", "alexnet", "googlenet", "vgg16", "resnet18")
_PARAMETERS = {
    "dual-inception": 6_449_867,
    "rcn-a": 55_747,
    "sssn": 361_603,
    "dssn": 704_003,
    "featref": 9_990_734,
    "htnet": 7_152_518,
    "emrnet": 11_253_817,
    "squeezenet": 736_963,
    "alexnet": 20_315_971,
    "googlenet": 5_602_979,
    "vgg16": 33_609_539,
    "resnet18": 11_178_051,
}


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Twelve maps of two data sets, four of each class."""
    rng = np.random.default_rng(3)
    labels = np.arange(12) % 3
    maps = np.stack([map_of_crop(fake_field(EMOTIONS[k], rng, 0.1)) for k in labels])
    groups = tuple(f"{'ab'[i % 2]}/s{i % 4}" for i in range(12))
    ids = tuple(f"{group}/{i}" for i, group in enumerate(groups))
    return Samples(ids, groups, maps, labels)


def _count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def _fast(name: str, rate: float = 1e-3) -> NetworkModel:
    """The method with a rate that suits a few steps; what it is stays as it is."""
    model = make_model(name)
    assert isinstance(model, NetworkModel)
    return replace(
        model, optimiser=replace(model.optimiser, kind="adam", learning_rate=rate, batch=12)
    )


@pytest.mark.parametrize("name", _SMALL)
def test_a_small_network_learns(name: str, samples: Samples) -> None:
    model = _fast(name)
    seen = model.represent(samples)
    fitted = model.fit(seen, FitPlan(3, 0, 15, "cpu", samples.ids))
    shares = fitted.probabilities(seen.inputs)
    assert shares.shape == (12, 3) and np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares.argmax(axis=1) == samples.labels).mean() >= 0.75  # chance is 0.33
    features = fitted.features(seen.inputs)
    assert features is not None and len(features) == 12


@pytest.mark.slow
@pytest.mark.parametrize("name", _LARGE)
def test_a_large_network_learns(name: str, samples: Samples) -> None:
    # the statistics of GoogLeNet's 57 normalisations take that long
    rate, steps = (1e-3, 36) if name == "googlenet" else (3e-4, 10)
    model = _fast(name, rate)
    seen = model.represent(samples)
    fitted = model.fit(seen, FitPlan(3, 0, steps, "cpu", samples.ids))
    fitted_shares = fitted.probabilities(seen.inputs)
    assert (fitted_shares.argmax(axis=1) == samples.labels).mean() >= 0.6


_SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("alexnet", "vgg16")]


@pytest.mark.parametrize("name", [*_SMALL, "emrnet", "htnet", "googlenet", "resnet18", *_SLOW])
def test_any_clip_gives_shares(name: str, samples: Samples) -> None:
    """Trained on a single clip, five classes, a map without any variation."""
    model = make_model(name)
    flat = replace(samples, maps=np.full_like(samples.maps, 128)).take(np.array([0]))
    plan = FitPlan(5, 0, 1, "cpu", samples.ids)
    shares = model.fit(model.represent(flat), plan).probabilities(model.represent(flat).inputs)
    assert shares.shape == (1, 5) and np.isfinite(shares).all()
    assert shares.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["dual-inception", "rcn-a", "dssn", "featref"])
def test_a_fold_of_one_class_and_flat_maps_trains(name: str, samples: Samples) -> None:
    model = _fast(name)
    two = replace(samples, maps=np.full_like(samples.maps, 128)).take(np.array([0, 3]))
    shares = model.fit(two, FitPlan(3, 0, 2, "cpu", samples.ids)).probabilities(two.inputs)
    assert np.isfinite(shares).all() and (shares.argmax(axis=1) == 0).all()


def test_the_seed_decides(samples: Samples) -> None:
    model = _fast("dssn")  # dropout draws as well

    def ask(seed: int) -> np.ndarray:
        plan = FitPlan(3, seed, 2, "cpu", samples.ids)
        return model.fit(samples, plan).probabilities(samples.maps)

    first = ask(5)
    assert np.array_equal(first, ask(5)) and not np.allclose(first, ask(6))


def test_printed_parameters() -> None:
    for name, count in _PARAMETERS.items():
        assert parameters_of(make_model(name), 3) == count, name
    assert _count(Sssn(5, side=227)) == 630_405  # 0.63 million
    assert _count(Dssn(5, side=227)) == 972_805  # 0.97 million
    streams = _count(DualInception(3).streams)
    assert streams == 23_240 and _count(DualInception(3, side=20)) == 3_304_139
    with torch.device("meta"):  # nothing is filled
        assert _count(alexnet(weights=None)) == 61_100_840  # 61 million
        assert _count(vgg16(weights=None)) == 138_357_544  # 138 million
        assert _count(squeezenet1_0(weights=None)) == 1_248_424  # 1.24 million
        bare = googlenet(weights=None, aux_logits=False, init_weights=False)
        assert _count(bare) == 6_624_904  # 7 million
        assert _count(HTNet(3, HtnetSettings(width=256))) == 114_429_446


def test_a_truncated_alexnet_has_a_border_of_zeros() -> None:
    with torch.no_grad():
        maps = truncated_alexnet()(torch.rand(1, 3, 67, 67))
    assert maps.shape == (1, 256, 5, 5) and features_at(67) == 6400 and features_at(227) == 57_600
    assert (maps[..., 0, :] == 0).all() and (maps[..., :, -1] == 0).all()


def test_magnitude_is_measured_from_the_median() -> None:
    maps = torch.full((1, 28, 28, 3), 100, dtype=torch.uint8)
    maps[0, 4, 5, :2] = torch.tensor([103, 104], dtype=torch.uint8)  # 3, 4: a length of 5
    plane = magnitude_picture(maps, 28)[0, 0]
    assert plane[4, 5] == pytest.approx(5 / 32 - 1) and plane[0, 0] == -1


def test_borrowed_attention_by_hand() -> None:
    cells = torch.tensor([[[[1.0, 2.0], [3.0, 5.0]]]])  # one map of 2x2
    weights = torch.tensor([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]])
    found = borrowed_attention(cells, weights)[0, 0]
    # class 1: 0, .25, .5, 1; class 2: 0, 0, 0, 1; their mean
    assert torch.allclose(found, torch.tensor([[0.0, 0.125], [0.25, 1.0]]))
    assert (borrowed_attention(torch.ones(1, 1, 2, 2), weights[:1]) == 0).all()


def test_htnet_areas_hold_the_eyes_and_lips() -> None:
    config = MapConfig()
    scale_x = 28 / (config.crop_right_iod - config.crop_left_iod)
    scale_y = 28 / (config.crop_bottom_iod - config.crop_top_iod)
    points = ((-0.5, 0.0), (0.5, 0.0), (-0.34, 1.05), (0.34, 1.05))  # eyes, corners of the lips
    for (row, column), (x, y) in zip(area_corners(), points, strict=True):
        at_x = (x - config.crop_left_iod) * scale_x
        at_y = (y - config.crop_top_iod) * scale_y
        assert 0 <= row <= 14 and 0 <= column <= 14
        assert row + 2 < at_y < row + 12 and column + 2 < at_x < column + 12
    assert (area_corners()[0][0], area_corners()[2][0]) == (1, 14)  # eyes above, lips below


def test_htnet_lays_the_areas_out_as_a_face() -> None:
    rows = torch.arange(28, dtype=torch.uint8)[None, :, None, None].expand(1, 28, 28, 3)
    laid = four_areas(rows)
    (eye, _), _, (lips, _), _ = area_corners()
    assert (laid[0, :14, :, 0] == torch.arange(eye, eye + 14)[:, None]).all()  # rows stay rows
    assert (laid[0, 14:, :, 0] == torch.arange(lips, lips + 14)[:, None]).all()


def test_blocks_of_htnet_know_nothing_of_each_other() -> None:
    torch.manual_seed(0)
    net = HTNet(3, HtnetSettings(width=16, last_repeats=1)).eval()
    x = torch.randn(1, 16, 4, 4)
    other = x.clone()
    other[..., 0, 0] += 1
    with torch.no_grad():
        moved = (net.levels[0](other) - net.levels[0](x)).abs().amax(dim=1)[0]
    assert moved[0, 0] > 0 and (moved.flatten()[1:] == 0).all()


def test_featref_asks_each_branch_for_its_expression() -> None:
    torch.manual_seed(0)
    net = FeatRef(5)
    maps = torch.randint(0, 256, (2, 28, 28, 3), dtype=torch.uint8)
    features = net.embed(maps)
    assert features.shape == (2, 640) and net.proposals(features).shape == (2, 5)
    gap = features.clone()
    gap[:, :128] = 0
    assert torch.equal(net.proposals(gap)[:, 1:], net.proposals(features)[:, 1:])
    assert torch.isfinite(net.loss(maps, torch.tensor([0, 4])))


def test_the_adversary_turns_the_gradient_round() -> None:
    x = torch.ones(3, requires_grad=True)
    TurnRound.apply(x, 0.25).sum().backward()
    assert x.grad is not None and (x.grad == -0.25).all()


def test_emrnet_has_an_adversary_where_there_are_two_data_sets(samples: Samples) -> None:
    model = make_model("emrnet")
    seen = model.represent(samples)
    assert seen.inputs.shape == (12, 28, 28, 4)
    assert (seen.inputs[:, 0, 0, 3] == np.arange(12) % 2).all()
    assert (seen.inputs[..., :3] == samples.maps).all()
    net = EmrNet(3)
    inputs, labels = torch.from_numpy(seen.inputs), torch.from_numpy(samples.labels)
    net.loss(inputs[::2], labels[::2])  # one data set
    assert net.steps == 0
    net.loss(inputs[:4], labels[:4])
    assert net.steps == 1


def test_squash_shortens_and_never_turns_into_nothing() -> None:
    assert torch.allclose(squash(torch.tensor([3.0, 4.0])), torch.tensor([0.6, 0.8]) * 25 / 26)
    zero = torch.zeros(2, 3, requires_grad=True)
    squash(zero).sum().backward()
    assert zero.grad is not None and torch.isfinite(zero.grad).all()


def test_routing_shares_every_capsule_out_and_follows_agreement() -> None:
    torch.manual_seed(0)
    assert torch.allclose(couplings(torch.randn(2, 3, 7)).sum(dim=1), torch.ones(2, 7))
    votes = 0.1 * torch.randn(1, 3, 7, 16)
    votes[:, 1] = 1.0  # all capsules agree on class 1
    lengths = route(votes, 3).norm(dim=-1)[0]
    assert lengths.argmax() == 1 and (lengths < 1).all()
    assert route(votes, 3).norm(dim=-1)[0, 1] > route(votes, 1).norm(dim=-1)[0, 1]


def test_capsulenet_has_1152_capsules_at_224_px() -> None:
    with torch.device("meta"):
        assert CapsuleNet(3).votes.shape == (3, 1152, 16, 8)
        assert CapsuleNet(5, CapsuleSettings(side_px=136)).votes.shape == (5, 32, 16, 8)


def test_capsulenet_looks_at_the_apex_alone(samples: Samples) -> None:
    pairs = np.zeros((12, 2, 16, 16, 3), dtype=np.uint8)
    pairs[:, 1] = np.arange(12, dtype=np.uint8)[:, None, None, None]
    seen = make_capsulenet().represent(replace(samples, pairs=pairs))
    assert seen.inputs.shape == (12, 16, 16, 3) and (seen.inputs[:, 0, 0, 0] == np.arange(12)).all()
    with pytest.raises(ValueError, match=r"faces have shape \(16, 16, 3\); expected \(2, side"):
        apex_face(pairs[0, 0])
    with pytest.raises(SourceFormatError, match="clip a/s0/0: faces have shape"):
        make_capsulenet().represent(samples)


@pytest.mark.slow
def test_capsulenet_learns() -> None:
    """Three textures, a constant face among them."""
    rng = np.random.default_rng(0)
    labels = np.arange(3)
    faces = np.stack([_texture(k, rng) for k in labels])
    net = CapsuleNet(3, CapsuleSettings(side_px=136))
    torch.manual_seed(0)
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    inputs, wanted = torch.from_numpy(faces), torch.from_numpy(labels)
    first = net.loss(inputs, wanted).item()
    for _ in range(7):
        loss = net.loss(inputs, wanted)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert np.isfinite(first) and loss.item() < 0.6 * first
    with torch.no_grad():
        shares = net(inputs).softmax(dim=-1)
    lengths = net.capsules(inputs).norm(dim=-1)
    assert torch.allclose(shares, lengths / lengths.sum(dim=1, keepdim=True), atol=1e-3)


def _texture(kind: int, rng: np.random.Generator) -> np.ndarray:
    face = np.full((64, 64, 3), 128, dtype=np.uint8)
    if kind == 1:
        face[::8] = 250
    if kind == 2:
        face[:, ::8] = 250
    return face + rng.integers(0, 3, face.shape, dtype=np.uint8) * np.uint8(kind > 0)


def test_statuses_are_said() -> None:
    for name in (*_SMALL, *_LARGE, "capsulenet"):
        method = find_method(name)
        assert method.open and method.source and method.make().name == name
