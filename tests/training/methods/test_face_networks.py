"""Networks on pairs of faces and on clips: what they take, that they learn, what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError, UsageError
from tests.training.selfme.faces import make_pairs
from training.loso.registry import find_method, make_model
from training.methods import _sequence as sequence
from training.methods.elrcn import Elrcn
from training.methods.fgrl_auf import NODES, FgrlAuf, node_patches, unit_adjacency
from training.methods.geme import Geme, dynamic_image, focal_loss
from training.methods.me_plan import MePlan, class_means, first_halves, nearness
from training.methods.mer_rcnn import MerRcnn, jitter, stretch_time
from training.methods.mersiamc3d import MerSiamC3D, SiameseStage, contrastive_loss, key_flows
from training.methods.tcae import TcaeModel
from training.models.base import FitPlan, Samples
from training.models.flow_net import FlowNet
from training.models.network import NetworkModel
from training.tcae.net import Tcae, TcaeConfig, blend
from training.tcae.train import TcaeTraining, learn_motion, learn_tcae

TINY = TcaeTraining(TcaeConfig(16, 2, 4), epochs=4, batch=5)
# What each network takes of one clip.
SHAPES = {
    "elrcn": (9, 64, 64, 4),
    "mersiamc3d": (7, 32, 32, 3),
    "geme": (64, 64),
    "me-plan": (8, 32, 32, 3),
    "mer-rcnn": (20, 64, 64),
    "fgrl-auf": (30, 7, 7),
}
NETS: dict[str, Callable[[], FlowNet]] = {
    "elrcn": lambda: Elrcn(shrunk=64),
    "mersiamc3d": MerSiamC3D,
    "geme": Geme,
    "me-plan": MePlan,
    "mer-rcnn": MerRcnn,
    "fgrl-auf": FgrlAuf,
}


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Nine pairs of three classes, and clips that come and go between their two faces."""
    pairs, labels = make_pairs(9)
    clips = np.empty(len(pairs), dtype=object)
    for row, (onset, apex) in enumerate(pairs):
        faces = [cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) for face in (onset, apex)]
        parts = (0.0, 0.5, 1.0, 0.5)
        clips[row] = np.stack([cv2.addWeighted(faces[0], 1 - p, faces[1], p, 0) for p in parts])
    ids = tuple(f"a/s{i % 3}/{i}" for i in range(len(pairs)))
    maps = np.zeros((len(pairs), 28, 28, 3), np.uint8)
    groups = tuple(f"a/s{i % 3}" for i in range(len(pairs)))
    return Samples(ids, groups, maps, labels, pairs=pairs, clips=clips)


@pytest.fixture(scope="module")
def inputs(samples: Samples) -> dict[str, NDArray]:
    """What each network takes, of the nine."""
    return {name: given(name, samples).inputs for name in SHAPES}


def given(name: str, samples: Samples) -> Samples:
    """As the benchmark hands them over: pairs or clips, whichever the method reads."""
    reads = find_method(name).reads
    own = replace(samples, clips=None) if reads == "pairs" else replace(samples, pairs=None)
    return make_model(name).represent(own)


def build(name: str) -> FlowNet:
    """The network from seed 0, as in a fold that has every class."""
    torch.manual_seed(0)
    net = NETS[name]()
    if isinstance(net, MePlan):
        net.known.fill_(True)
    return net


@pytest.mark.parametrize("name", SHAPES)
def test_inputs_and_answers_have_their_shape(
    name: str, inputs: dict[str, NDArray], samples: Samples
) -> None:
    assert inputs[name].shape == (9, *SHAPES[name])
    assert np.isfinite(inputs[name].astype(np.float64)).all()
    model = make_model(name)
    assert isinstance(model, NetworkModel) and model.name == name
    net = build(name).eval()
    given = torch.from_numpy(inputs[name][:2])
    with torch.no_grad():
        logits, seen = net(given), net.embed(given)
    assert logits.shape == (2, 3) and len(seen) == 2 and logits.isfinite().all()


@pytest.mark.parametrize("name", SHAPES)
def test_the_loss_falls(name: str, inputs: dict[str, NDArray], samples: Samples) -> None:
    net = build(name)
    given, labels = torch.from_numpy(inputs[name][:6]), torch.from_numpy(samples.labels[:6])
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    losses = []
    for _ in range(7):
        net.train()
        loss = net.loss(given, labels)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all() and np.mean(losses[-2:]) < np.mean(losses[:2])
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize("name", ["mersiamc3d", "me-plan", "mer-rcnn", "fgrl-auf"])
def test_a_training_hangs_on_its_seed_alone(
    name: str, inputs: dict[str, NDArray], samples: Samples
) -> None:
    own = replace(samples, represented=inputs[name])
    answers: list[NDArray] = []
    told: list[int] = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(answers))  # what went before must not matter
        plan = FitPlan(3, seed, 1, "cpu", own.ids)
        fitted = make_model(name).fit(own, plan, lambda epoch, *_: told.append(epoch))
        answers.append(fitted.probabilities(own.inputs))
    assert told == [1] * 3
    assert np.array_equal(answers[0], answers[1]) and not np.array_equal(answers[0], answers[2])
    assert np.allclose(answers[0].sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_a_face_that_stands_still_is_no_error(name: str) -> None:
    model = make_model(name)
    flat: NDArray = np.full((3, 64, 64), 90, np.uint8)
    if find_method(name).reads == "pairs":
        flat = np.full((2, 64, 64, 3), 90, np.uint8)
    made = model.represent_one(flat)  # type: ignore[attr-defined]
    assert made.shape == SHAPES[name] and np.isfinite(made.astype(np.float64)).all()
    net = build(name).eval()
    with torch.no_grad():
        assert net(torch.from_numpy(made)[None]).softmax(-1).isfinite().all()


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_too_short_or_no_clip_is_named(name: str, samples: Samples) -> None:
    one = samples.take(np.arange(1))
    if find_method(name).reads == "pairs":
        wrong = replace(one, clips=None, pairs=one.pairs[..., :1])  # type: ignore[index]
        with pytest.raises(SourceFormatError, match=r"clip a/s0/0: the pair is uint8 \[2, 64, 64"):
            make_model(name).represent(wrong)
        return
    short, colour = np.empty(1, object), np.empty(1, object)
    short[0], colour[0] = one.clips[0][:1], np.zeros((4, 64, 64, 3), np.uint8)  # type: ignore[index]
    with pytest.raises(SourceFormatError, match=r"clip a/s0/0: 1 frame\(s\) .*: 2 are needed"):
        make_model(name).represent(replace(one, clips=short))
    with pytest.raises(SourceFormatError, match=r"a/s0/0: the clip is .*expected uint8 \[T, S, S"):
        make_model(name).represent(replace(one, clips=colour))


def test_places_of_frames() -> None:
    assert sequence.even_places(9, 5).tolist() == [0, 2, 4, 6, 8]
    assert sequence.even_places(2, 4).tolist() == [0, 0, 1, 1]
    clip = np.zeros((6, 32, 32), np.uint8)
    assert sequence.find_apex(clip) == 5  # it stands still
    clip[2:4] = [[[60]], [[90]]]
    assert sequence.find_apex(clip) == 3


def test_flow_of_a_clip_starts_at_the_onset(samples: Samples) -> None:
    """Class 2 raises the brows: up is negative; the onset itself has not moved."""
    assert samples.clips is not None
    flows = sequence.flow_sequence(samples.clips[2], np.array([0, 2]), 28).astype(float)
    assert flows.shape == (2, 28, 28, 3) and np.abs(flows[0]).max() < 0.005
    assert flows[1, :10, :, 1].min() < -0.02 and (flows[..., 2] >= 0).all()
    assert key_flows(samples.clips[2]).shape == (7, 32, 32, 3)


def test_a_dynamic_image_weighs_frames_by_rank() -> None:
    clip = np.full((3, 64, 64), 100, np.uint8)
    assert (dynamic_image(clip) == 128).all()
    clip[1, :32] = 110  # the middle of three frames has weight zero
    clip[2, :, 32:] = 140
    clip[2, :, :32] = 80
    made = dynamic_image(clip).astype(int)
    assert made[:, -1].min() == 255 and abs(made[:, 0] - 64).max() <= 1  # -20 of 40
    back = np.concatenate([clip, clip[::-1]])  # the way back does not cancel the way there
    assert np.array_equal(dynamic_image(back), made)


def test_losses_by_hand() -> None:
    even = torch.zeros(2, 3)
    third = torch.tensor(1 / 3)
    assert focal_loss(even, torch.tensor([0, 1])).item() == pytest.approx(
        float((1 - third) ** 2 * -third.log())
    )
    points = torch.tensor([[0.0, 0.0], [0.6, 0.0], [0.0, 0.8]])
    # one pair alike at .6: .36; others at .8 and 1: (1 - .8)^2 and 0
    found = contrastive_loss(points, torch.tensor([0, 0, 1]))
    assert found.item() == pytest.approx((0.36 + 0.04 + 0.0) / 3, abs=1e-5)
    assert contrastive_loss(points[:1], torch.tensor([0])).item() == 0.0


def test_the_siamese_stage_draws_a_class_together(
    inputs: dict[str, NDArray], samples: Samples
) -> None:
    torch.manual_seed(0)
    stage = SiameseStage(MerSiamC3D().encoder)
    given, labels = torch.from_numpy(inputs["mersiamc3d"]), torch.from_numpy(samples.labels)
    adam = torch.optim.Adam(stage.parameters(), 1e-3)
    losses = []
    for _ in range(6):
        loss = stage.loss(given, labels)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    assert torch.allclose(stage(given).norm(dim=1), torch.ones(9), atol=1e-4)


def test_prototypes_by_hand() -> None:
    labels = torch.tensor([0, 1, 0, 0, 2])
    assert first_halves(labels).tolist() == [True, True, True, False, True]
    points = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 2.0]])
    centres, known = class_means(points, torch.tensor([0, 0, 2]), 3)
    assert centres.tolist() == [[1.0, 0.0], [0.0, 0.0], [4.0, 2.0]]
    assert known.tolist() == [True, False, True]
    near = nearness(torch.tensor([[1.0, 2.0]]), centres, known)
    assert near.tolist() == [[-4.0, -torch.inf, -9.0]]
    assert near.softmax(-1)[0, 1] == 0


def test_a_class_that_a_fold_lacks_gets_no_share(
    inputs: dict[str, NDArray], samples: Samples
) -> None:
    rows = np.flatnonzero(samples.labels != 1)
    own = replace(samples, represented=inputs["me-plan"])
    fitted = make_model("me-plan").fit(own.take(rows), FitPlan(3, 0, 1, "cpu", own.ids))
    shares = fitted.probabilities(own.inputs)
    assert (shares[:, 1] == 0).all() and np.allclose(shares.sum(axis=1), 1, atol=1e-5)


def test_jittering_keeps_order_and_ends_are_stretched_to() -> None:
    frames = torch.arange(20.0)[None, :, None, None].expand(2, 20, 3, 3)
    torch.manual_seed(0)
    counts = set()
    for _ in range(40):
        kept = jitter(frames)
        line = kept[0, :, 0, 0]
        assert (line.diff() > 0).all()
        counts.add(len(line))
    assert counts <= set(range(9, 21)) and {9, 20} <= counts  # 55 % of 20 frames are 11
    made = stretch_time(frames, 10)
    assert made.shape == (2, 10, 3, 3)
    assert made[0, :, 1, 1].tolist() == pytest.approx(np.linspace(0, 19, 10).tolist(), abs=1e-4)


def test_nodes_see_their_own_place() -> None:
    pair = np.full((2, 128, 128, 3), 100, np.uint8)
    x, y = NODES[16] * 0.34 * 128 + [64, 0.36 * 128]  # a corner of the mouth
    cv2.circle(pair[1], (round(x), round(y)), 5, (132, 132, 132), -1)
    seen = node_patches(pair)
    assert seen.shape == (30, 7, 7) and seen[16, 3, 3] == pytest.approx(32, abs=3)
    assert seen[10, 3, 3] == 0  # the other corner
    assert np.abs(seen[:10]).max() == 0  # the brows have not changed


def test_units_hang_together_as_in_the_recipes() -> None:
    made = unit_adjacency()
    assert made.shape == (9, 9) and np.isfinite(made).all() and (made >= 0).all()
    assert made[0, 1] > 0.2 > made[0, 4] == 0  # 1 goes with 2, never with 12
    torch.manual_seed(0)
    assert FgrlAuf(5)(torch.zeros(2, 30, 7, 7)).shape == (2, 5)


def test_tcae_learns_and_moves_as_a_flow_does(samples: Samples) -> None:
    assert samples.pairs is not None
    net, losses = learn_tcae(samples.pairs, TINY, 0, "cpu")
    assert len(losses) == 4 and losses[-1] < losses[0]
    onset, apex = (torch.from_numpy(samples.pairs[:3, i].copy()) for i in (0, 1))
    with torch.no_grad():
        motion = net.motion(onset, apex)
        assert motion.shape == (3, 2, 64, 64) and motion.isfinite().all()
        source, target = net.actions(apex), net.actions(onset)  # the apex is sampled
        small, mask = net.displace("action", source, target)
    assert small.shape == (3, 2, 16, 16) and mask.shape == (3, 1, 16, 16)
    assert motion.mean().item() == pytest.approx(4 * small.mean().item(), rel=0.05, abs=1e-4)
    again, same = learn_tcae(samples.pairs, TINY, 0, "cpu")
    assert same == losses and torch.equal(again.motion(onset, apex), motion)
    still = np.full((4, 2, 64, 64, 3), 90, np.uint8)
    assert np.isfinite(learn_motion(net, still, replace(TINY, epochs=1), 0)).all()


def test_masks_blend_pixel_by_pixel() -> None:
    one, two = torch.full((1, 2, 1, 1), 4.0), torch.zeros(1, 2, 1, 1)
    even = torch.zeros(1, 1, 1, 1)
    assert blend((one, even), (two, even)).flatten().tolist() == [2.0, 2.0]
    assert blend((one, even + 20), (two, even)).flatten().tolist() == pytest.approx([4.0, 4.0])


def test_the_published_size_of_tcae() -> None:
    config = TcaeConfig(256, 32, 256)
    assert config.widths == (32, 64, 128, 256, 256, 256, 256, 256)
    net = Tcae(TcaeConfig(32, 2, 3))
    assert net.encode(torch.zeros(2, 3, 32, 32))["pose"].shape == (2, 3)
    with pytest.raises(ValueError, match="must be a power of two, as 64"):
        TcaeConfig(size_px=48)


def test_tcae_with_a_head_tells_classes(samples: Samples) -> None:
    model = TcaeModel(training=TINY)
    plan, told = FitPlan(3, 0, 3, "cpu", samples.ids), []
    fitted = model.fit(samples, plan, lambda epoch, at, now: told.append((epoch, now)))
    assert samples.pairs is not None
    shares = fitted.probabilities(samples.pairs)
    assert shares.shape == (9, 3) and np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert [epoch for epoch, _ in told] == [1, 2, 3]
    assert np.array_equal(told[-1][1].probabilities(samples.pairs), shares)
    features = fitted.features(samples.pairs)
    assert features is not None and features.shape == (9, 8)
    with pytest.raises(UsageError, match="tcae looks at faces"):
        model.fit(replace(samples, pairs=None), plan)
