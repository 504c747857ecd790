"""Settings of `mer-train motion`. Light: no torch.

The defaults are the paper's, where it speaks: Adam 2e-6, a tenth at epochs 20 and 30, gamma 1,
eq. 8 with VGG-19 features; weights and scales of the losses are those of the first-order-model
family. `MotionTraining.small()` trains from scratch on synthetic video, on a processor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from recognition.motion.selfme.config import MotionConfig
from streamer.core.ranges import (
    BatchSize,
    Epochs,
    LearningRate,
    Range,
    Seed,
    Share,
    Weight,
    check_ranges,
)

Perceptual = Literal["vgg19", "pixel-census", "pixel-ssim"]


@dataclass(frozen=True, slots=True)
class MotionLossConfig:
    """Eq. 8: sum of perceptual terms plus equivariance."""

    perceptual: Perceptual = "vgg19"
    vgg_weights: Path | None = None  # safetensors; None: the cache of torch hub
    perceptual_weight: Weight = 10.0  # lambda_rec of every term; 0: nothing is reconstructed
    scales: tuple[Annotated[float, Range(0.01, 1.0)], ...] = (1.0, 0.5, 0.25, 0.125)
    equivariance_weight: Weight = 10.0  # lambda_eqv
    # of the random thin-plate spline, along one side
    spline_points: Annotated[int, Range(2, 100)] = 5
    spline_affine: Annotated[float, Range(0.0, 10.0)] = 0.05  # standard deviations
    spline_bend: Annotated[float, Range(0.0, 10.0)] = 0.005
    truth_weight: Weight = 0.0  # beyond the paper: end-point error in pixels, where motion is known

    def __post_init__(self) -> None:
        check_ranges(self)
        weights = (self.perceptual_weight, self.equivariance_weight, self.truth_weight)
        if max(weights) == 0.0:
            raise ValueError(f"the weights of the losses are {weights}: one must be above 0")
        if not self.scales:
            raise ValueError("scales must hold one number at least")


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Shares of the pairs that are changed; both faces of a pair always alike."""

    mirror: Share = 0.0
    exchange: Share = 0.0  # apex and onset change places
    grey: Share = 0.0
    # standard deviation of gain (relative) and offset (of the range)
    colour: Annotated[float, Range(0.0, 10.0)] = 0.0

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class PairChoice:
    """Which two frames of a clip make a pair."""

    way: Literal["random", "onset-apex"] = "random"
    # with onset-apex: each may be that much off, as a spotter's are
    jitter_s: Annotated[float, Range(0.0, 10.0)] = 0.0

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class MotionTraining:
    """One training of the motion learner."""

    network: MotionConfig = field(default_factory=MotionConfig.full)
    loss: MotionLossConfig = field(default_factory=MotionLossConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    pairs: PairChoice = field(default_factory=PairChoice)
    seed: Seed = 0
    epochs: Epochs = 40
    batch: BatchSize = 8
    accumulate: Annotated[int, Range(1, 65_536)] = 1  # batches to one step of the optimiser
    learning_rate: LearningRate = 2e-6
    schedule: Literal["steps", "cosine"] = "steps"
    milestones: tuple[Annotated[int, Range(0, 100_000)], ...] = (20, 30)  # epochs, with "steps"
    decay: Annotated[float, Range(0.0, 1.0)] = 0.1
    clip_norm: Annotated[float, Range(0.0, 1e6)] = 0.0  # of the gradients; 0: not clipped
    checkpoint_every: Annotated[int, Range(1, 10_000_000)] = 200  # steps
    mixed_precision: bool = True  # on CUDA only
    compile: bool = True  # on CUDA only

    def __post_init__(self) -> None:
        check_ranges(self)

    @classmethod
    def small(cls) -> MotionTraining:
        """Self-supervised, from scratch, on synthetic pairs (their truth is not looked at)."""
        return cls(
            network=MotionConfig.small(),
            loss=MotionLossConfig(perceptual="pixel-census"),
            augment=AugmentConfig(mirror=0.5, exchange=0.5, grey=0.3, colour=0.1),
            epochs=3,
            learning_rate=2e-3,
            schedule="cosine",
            clip_norm=1.0,
        )

    @classmethod
    def small_truth(cls) -> MotionTraining:
        """Beyond the paper: by the known motion of synthetic pairs alone, nothing is painted."""
        loss = MotionLossConfig(
            "pixel-census", perceptual_weight=0.0, equivariance_weight=0.0, truth_weight=1.0
        )
        return replace(cls.small(), loss=loss)

    @classmethod
    def small_painted(cls) -> MotionTraining:
        """To continue after `small_truth`: known motion leads, the generator learns to paint."""
        loss = MotionLossConfig("pixel-census", equivariance_weight=0.0, truth_weight=20.0)
        return replace(cls.small(), loss=loss, epochs=2, learning_rate=1e-3)
