"""Weights files of the motion learner: round trip, size, and what is refused."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from recognition.motion.selfme.config import GeneratorConfig, HourglassConfig, MotionConfig
from recognition.motion.selfme.motion_learner import MotionLearner
from recognition.motion.selfme.weights import LearnedMotion, load_motion, pack_motion
from streamer.core.errors import ModelError

TINY = MotionConfig(
    image_size_px=32,
    keypoints=3,
    detector=HourglassConfig(4, 8, 2),
    dense=HourglassConfig(4, 8, 2),
    generator=GeneratorConfig(4, 8, 1, 1),
)


def faces(seed, count=2):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def learner():
    torch.manual_seed(0)
    return MotionLearner(TINY).eval()


@pytest.mark.parametrize("half, tolerance_px", [(True, 0.02), (False, 0.0)])
def test_round_trip(learner, tmp_path, half, tolerance_px):
    path = tmp_path / "motion.safetensors"
    path.write_bytes(pack_motion(learner, {"facts": "{}"}, half=half))
    found = LearnedMotion(path, 32).motion_px(faces(1), faces(2))
    expected = learner.motion(*(torch.from_numpy(faces(i)) for i in (1, 2)), 1.0)
    assert found.shape == (2, 32, 32, 2)
    assert found.dtype == np.float32
    miss = np.abs(found - expected.permute(0, 2, 3, 1).detach().numpy()).max()
    assert miss <= tolerance_px


def test_with_the_generator_everything_comes_back(learner, tmp_path):
    path = tmp_path / "learner.safetensors"
    path.write_bytes(pack_motion(learner, {}, half=False, generator=True))
    held = load_motion(path)
    for name, value in learner.state_dict().items():
        assert torch.equal(held.state_dict()[name], value), name


def test_missing_damaged_and_foreign_files(learner, tmp_path):
    with pytest.raises(ModelError, match="mer-train motion"):
        load_motion(tmp_path / "none.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(pack_motion(learner, {})[:-10])
    with pytest.raises(ModelError, match="cannot be read"):
        load_motion(broken)
    foreign = tmp_path / "foreign.safetensors"
    network = json.dumps({"image_size_px": 32, "blocks": 3})
    save_file({"x": torch.zeros(1)}, foreign, metadata={"network": network})
    with pytest.raises(ModelError, match="unknown key 'blocks'"):
        load_motion(foreign)


def test_another_preprocessing_is_refused(learner, tmp_path, monkeypatch):
    path = tmp_path / "motion.safetensors"
    path.write_bytes(pack_motion(learner, {}))
    monkeypatch.setattr(
        "recognition.motion.selfme.weights.preprocessing_fingerprint", lambda _: "other"
    )
    with pytest.raises(ModelError, match="this run uses other"):
        load_motion(path)


def test_another_size_of_face_is_refused(learner, tmp_path):
    path = tmp_path / "motion.safetensors"
    path.write_bytes(pack_motion(learner, {}))
    with pytest.raises(ModelError, match="faces of 32 pixels, not 128"):
        LearnedMotion(path, 128)
    with pytest.raises(ValueError, match=r"expected uint8 \[N, 32, 32, 3\]"):
        LearnedMotion(path).motion_px(faces(1)[:, :30], faces(2)[:, :30])
