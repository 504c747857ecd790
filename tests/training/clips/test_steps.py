"""A list of steps in a YAML file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import yaml

from streamer.core.errors import UsageError
from streamer.core.settings import fill, to_mapping
from training.clips.frames import as_frames
from training.clips.steps import Step, apply_steps


@dataclass(frozen=True)
class Holder:
    steps: tuple[Step, ...] = ()


def read(text: str) -> tuple[Step, ...]:
    return fill(Holder, yaml.safe_load(text)).steps


def test_steps_are_done_in_their_order() -> None:
    clip = np.random.default_rng(0).integers(0, 256, (9, 32, 32)).astype(np.uint8)
    steps = read("steps: [{evm: {alpha: 3}}, {tim: {length: 5}}]")
    made = apply_steps(clip, steps)
    assert made.shape == (5, 32, 32) and made.dtype == np.uint8
    by_hand = steps[1].action(steps[0].action(clip))
    assert np.array_equal(made, np.clip(np.rint(by_hand), 0, 255).astype(np.uint8))
    assert np.array_equal(apply_steps(clip, ()), clip)
    assert fill(Holder, to_mapping(Holder(steps))) == Holder(steps)


@pytest.mark.parametrize(
    "name", ["evm", "amplitude_evm", "glmm", "tim", "dmdsp", "uniform", "random"]
)
def test_every_step_takes_a_face_that_does_not_move(name: str) -> None:
    clip = np.full((6, 32, 32), 90, np.uint8)
    assert (apply_steps(clip, read(f"steps: [{{{name}: {{}}}}]")) == 90).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: [{}]", "not nothing"),
        ("steps: [{evm: {}, tim: {}}]", "not evm, tim: give each an entry of its own"),
        ("steps: [{tim: {length: 1}}]", "length"),
        ("steps: [{timm: {}}]", "timm"),
        ("steps: [{evm: {alfa: 1}}]", "alpha"),
    ],
)
def test_a_wrong_step_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(text)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((3, 4, 4, 3), np.uint8),
        np.zeros((4, 4), np.uint8),
        np.zeros((0, 4, 4), np.uint8),
        np.full((3, 4, 4), np.nan, np.float32),
        np.zeros((3, 4, 4), dtype=bool),
    ],
)
def test_what_is_no_clip_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="clip"):
        as_frames(wrong)
