"""The trainer of the motion learner: same result after a kill, schedule, data, overfitting."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import streamer
from recognition.motion.selfme.config import GeneratorConfig, HourglassConfig, MotionConfig
from recognition.motion.selfme.layers import warp
from recognition.motion.selfme.motion_learner import MotionLearner
from streamer.core.errors import OutputError
from training.selfme import motion_train
from training.selfme.motion_config import (
    AugmentConfig,
    MotionLossConfig,
    MotionTraining,
    PairChoice,
)
from training.selfme.motion_data import (
    Stack,
    StackSource,
    SyntheticSource,
    augment,
    choose_frames,
)
from training.selfme.motion_train import (
    CHECKPOINT,
    learning_rate,
    steps_per_epoch,
    train_motion,
)
from training.synthetic.pair_face import PairFace
from training.synthetic.pairs import Pairs, draw_pairs
from training.synthetic.video import read_portrait

KNOWN_FACE = Path(streamer.__file__).parent / "assets" / "known_face.jpg"

TINY = MotionConfig(
    image_size_px=32,
    keypoints=3,
    detector=HourglassConfig(4, 8, 2),
    dense=HourglassConfig(4, 8, 2),
    generator=GeneratorConfig(4, 8, 1, 1),
)
TRAINING = MotionTraining(
    network=TINY,
    loss=MotionLossConfig(perceptual="pixel-census", scales=(1.0, 0.5), truth_weight=1.0),
    augment=AugmentConfig(mirror=0.5, exchange=0.5, grey=0.5, colour=0.1),
    epochs=3,
    batch=2,
    accumulate=2,
    learning_rate=1e-3,
    checkpoint_every=2,
)


class KilledError(Exception):
    """Stands for the end of the process."""


def moving_pairs(count=12, size=32):
    """Smooth pictures, each shifted by its own motion."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.uniform(0, 1, (count, 3, 8, 8)))
    onset = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1)
    shift = torch.from_numpy(rng.uniform(-2, 2, (count, 2, 1, 1))).expand(-1, -1, size, size)
    apex = warp(onset, -shift)
    bytes_ = [(x.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy() for x in (onset, apex)]
    return Pairs(
        onset=bytes_[0],
        apex=bytes_[1],
        motion=shift.permute(0, 2, 3, 1).numpy().astype(np.float16),
        known=np.ones((count, size, size), dtype=np.bool_),
        emotion=np.zeros(count, dtype=np.int64),
        strength_iod=np.full(count, 0.03, dtype=np.float32),
        yaw_deg=np.zeros(count, dtype=np.float32),
        person=np.array(["a"] * count),
    )


@pytest.fixture(scope="module")
def source():
    return SyntheticSource(moving_pairs())


def killed_after(steps, source, folder, monkeypatch):
    """A training that dies in the middle of step `steps`."""
    real, done = motion_train._step, []

    def step(*arguments):
        if len(done) == steps:
            raise KilledError
        done.append(None)
        return real(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(motion_train, "_step", step)
        train_motion(TRAINING, source, folder)


@pytest.mark.parametrize("steps", [1, 4, 7])
def test_a_killed_training_goes_on_to_the_same_bits(steps, source, tmp_path, monkeypatch):
    whole = train_motion(TRAINING, source, tmp_path / "whole")
    killed_after(steps, source, tmp_path / "killed", monkeypatch)
    resumed = train_motion(TRAINING, source, tmp_path / "killed")
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    first, second = ((tmp_path / f / "loss.csv").read_text() for f in ("whole", "killed"))
    assert first == second
    assert len(first.splitlines()) == 1 + 9
    assert (tmp_path / "killed" / "loss.png").stat().st_size > 1000


def test_another_training_does_not_go_on_here(source, tmp_path):
    train_motion(replace(TRAINING, epochs=1), source, tmp_path)
    with pytest.raises(OutputError, match="other settings or data"):
        train_motion(TRAINING, source, tmp_path)
    assert (tmp_path / CHECKPOINT).is_file()


def test_accumulated_batches_cover_one_large_one(source):
    """Two batches of two see the pairs that one of four sees, in the same steps."""
    config = replace(TRAINING, accumulate=1, batch=4)
    assert steps_per_epoch(config, len(source)) == steps_per_epoch(TRAINING, len(source)) == 3
    rows = [
        np.concatenate([r for r, _ in motion_train._batches(c, len(source), 1, 3)])
        for c in (TRAINING, config)
    ]
    np.testing.assert_array_equal(*rows)


def test_published_schedule():
    config = MotionTraining()
    rates = [learning_rate(config, epoch * 10, 10) for epoch in (0, 19, 20, 29, 30, 39)]
    assert rates == pytest.approx([2e-6, 2e-6, 2e-7, 2e-7, 2e-8, 2e-8])
    assert config.network == MotionConfig.full()
    assert (config.loss.perceptual, config.loss.truth_weight) == ("vgg19", 0.0)


def test_mirrored_and_exchanged_pairs_keep_their_truth(source):
    """Whatever is done to a pair, its truth still leads from the onset to the apex."""
    rows = np.arange(12)
    changed = AugmentConfig(mirror=0.5, exchange=0.5)
    batch = augment(source.take(rows, np.random.default_rng(0)), changed, np.random.default_rng(1))
    inside = slice(6, 26)
    back = warp(batch.apex, batch.motion)[..., inside, inside]
    onset = batch.onset[..., inside, inside]
    still = (batch.apex[..., inside, inside] - onset).abs().mean()
    assert (back - onset).abs().mean() < 0.2 * still
    plain = source.take(rows, np.random.default_rng(0))
    assert not torch.equal(batch.motion, plain.motion)


def test_both_faces_turn_grey_together(source):
    batch = augment(
        source.take(np.arange(8), np.random.default_rng(0)),
        AugmentConfig(grey=1.0, colour=0.1),
        np.random.default_rng(1),
    )
    for image in (batch.onset, batch.apex):
        assert float((image.max(dim=1).values - image.min(dim=1).values).max()) < 1e-6


def stack(count=5):
    faces = np.zeros((count, 32, 32, 3), dtype=np.uint8)
    return Stack("clip", faces, np.arange(count) / 10, 0.0, 0.2)


def test_frames_around_onset_and_apex():
    rng = np.random.default_rng(0)
    exact = PairChoice("onset-apex")
    assert choose_frames(stack(), exact, rng) == (0, 2)
    jittered = {choose_frames(stack(), PairChoice("onset-apex", 0.1), rng) for _ in range(100)}
    assert {first for first, _ in jittered} == {0, 1}
    assert {second for _, second in jittered} >= {1, 2, 3}
    assert all(first != second for first, second in jittered)


def test_random_frames_differ():
    rng = np.random.default_rng(0)
    drawn = {choose_frames(stack(), PairChoice(), rng) for _ in range(200)}
    assert len(drawn) == 20  # every ordered pair of five frames


def test_clips_train_without_truth(tmp_path):
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    clip = Stack("clip", faces, np.arange(3) / 10, 0.0, 0.1)
    config = replace(TRAINING, epochs=1, batch=1, accumulate=1)
    train_motion(config, StackSource([clip, clip], PairChoice()), tmp_path)
    rows = (tmp_path / "loss.csv").read_text().splitlines()
    assert rows[0] == "step,loss,reconstruction,equivariance,truth"
    assert all(row.endswith(",0") for row in rows[1:])


@pytest.mark.slow
def test_one_pair_is_learnt_by_heart(tmp_path):
    """The error of the reconstructed apex of one synthetic face falls to a tenth or less."""
    config = MotionTraining(
        network=replace(
            MotionConfig.small(), generator=GeneratorConfig(16, 64, 2, 2), keypoints=10
        ),
        loss=MotionLossConfig(perceptual="pixel-census"),
        epochs=250,
        batch=1,
        learning_rate=2e-3,
        schedule="cosine",
    )
    pairs = draw_pairs([PairFace(read_portrait(KNOWN_FACE, 320), "known")], 1, 0)
    torch.manual_seed(config.seed)
    before = reconstruction_error(MotionLearner(config.network), pairs)
    learner = train_motion(config, SyntheticSource(pairs), tmp_path)
    after = reconstruction_error(learner, pairs)
    print(f"reconstruction error {before:.4f} -> {after:.4f}")
    assert after < before / 10


def reconstruction_error(learner, pairs):
    """Mean absolute difference of the painted and the true apex, 0..1; statistics of the batch."""
    learner.train()
    onset, apex = torch.from_numpy(pairs.onset), torch.from_numpy(pairs.apex)
    with torch.no_grad():
        painted = learner(onset, apex).reconstruction
    return float((painted - learner.normalise(apex)).abs().mean())
