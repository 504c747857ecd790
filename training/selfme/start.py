"""What the motion learner of a fold starts from, and its fine-tuning on the fold's own faces."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognition.classifiers.selfme import SelfmeNet, load_selfme
from recognition.classifiers.selfme_config import SelfmeConfig
from recognition.files.safetensors_file import read_safetensors
from recognition.motion.selfme.motion_learner import MotionLearner
from recognition.motion.selfme.weights import BUNDLED, load_motion
from streamer.core.errors import ModelError
from streamer.core.ranges import BatchSize, LearningRate, Range, Weight, check_ranges
from training.common.files import start_weights
from training.selfme.motion_config import (
    AugmentConfig,
    MotionLossConfig,
    MotionTraining,
    Perceptual,
)
from training.selfme.motion_data import MotionBatch, to_float
from training.selfme.motion_train import train_motion

_GENERATOR = "generator."


@dataclass(frozen=True, slots=True)
class FineTuning:
    """Self-supervised passes over the training subjects' faces (eq. 6-8). 0 epochs: frozen.

    Rate and schedule are ours, for a learner that has seen synthetic faces already.
    """

    epochs: Annotated[int, Range(0, 100_000)] = 1
    batch: BatchSize = 8
    learning_rate: LearningRate = 2e-5
    perceptual: Perceptual = "pixel-census"
    perceptual_weight: Weight = 10.0
    equivariance_weight: Weight = 10.0

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True, eq=False)
class FoldSource:
    """The pairs of a fold as frames to learn motion from."""

    pairs: NDArray[np.uint8]  # [N, 2, S, S, 3]

    @property
    def digest(self) -> str:
        """Of the faces."""
        return hashlib.sha256(self.pairs.tobytes()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, rows: NDArray[np.int64], rng: np.random.Generator) -> MotionBatch:
        """Onset and apex; which is which changes in the augmentation."""
        return MotionBatch(to_float(self.pairs[rows, 0]), to_float(self.pairs[rows, 1]))


def start_file(start: str | None) -> Path | None:
    """The file meant by "bundled", a path, or None. Raises ModelError: it is not there."""
    return start_weights(start, BUNDLED, "mer-train motion or recognizer")


def start_network(config: SelfmeConfig, start: str | None) -> SelfmeNet:
    """A fresh network; its motion learner has the shape and the weights of `start`, if any.

    Raises:
        ModelError: no such file, or no motion learner in it.
    """
    file = start_file(start) if config.motion == "selfme" else None
    if file is None:
        return SelfmeNet(config)
    held = _read_learner(file)
    net = SelfmeNet(replace(config, learner=held.config))
    assert net.learner is not None  # the motion is learned
    net.learner.load_state_dict(held.state_dict())
    return net


def _read_learner(file: Path) -> MotionLearner:
    """From a file of mer-train motion, or of mer-train recognizer."""
    if "selfme" not in read_safetensors(file)[1]:
        return load_motion(file)
    learner = load_selfme(file)[0].learner
    if learner is None:
        raise ModelError(f"{file} holds no motion learner: name another file as `start`")
    return learner


def fine_tune(
    learner: MotionLearner, pairs: NDArray[np.uint8], tuning: FineTuning, seed: int
) -> None:
    """Learn from these pairs [N, 2, S, S, 3] alone, in place: each face rebuilt from the other.

    Shipped weights come without a generator. So here it only adds to the warped face, starting from
    nothing: the motion is asked to explain the picture from the first step on.
    """
    if tuning.epochs == 0:
        return
    own = learner.config
    network = replace(own, generator=replace(own.generator, image_skip=True))
    config = MotionTraining(
        network=network,
        loss=MotionLossConfig(
            perceptual=tuning.perceptual,
            perceptual_weight=tuning.perceptual_weight,
            equivariance_weight=tuning.equivariance_weight,
        ),
        augment=AugmentConfig(mirror=0.5, exchange=0.5, grey=0.3, colour=0.1),
        seed=seed,
        epochs=tuning.epochs,
        batch=min(tuning.batch, len(pairs)),
        learning_rate=tuning.learning_rate,
        clip_norm=1.0,
        checkpoint_every=1_000_000,
    )
    device = next(learner.parameters()).device
    with torch.random.fork_rng(devices=[]), TemporaryDirectory() as folder:
        torch.manual_seed(seed)
        start = {**MotionLearner(network).state_dict(), **_without_generator(learner)}
        tuned = train_motion(config, FoldSource(pairs), Path(folder), start, device.type)
    learner.load_state_dict(_without_generator(tuned), strict=False)


def _without_generator(learner: MotionLearner) -> dict[str, Tensor]:
    return {k: v.cpu() for k, v in learner.state_dict().items() if not k.startswith(_GENERATOR)}
