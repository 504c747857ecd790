"""Settings of `mer-train motion`. Light: no torch.

The defaults are the paper's, where it speaks: Adam 2e-6, a tenth at epochs 20 and 30, gamma 1,
eq. 8 with VGG-19 features; weights and scales of the losses are those of the first-order-model
family. `MotionTraining.small()` trains from scratch on synthetic video, on a processor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from recognition.selfme.config import MotionConfig

Perceptual = Literal["vgg19", "pixel-census", "pixel-ssim"]


@dataclass(frozen=True, slots=True)
class MotionLossConfig:
    """Eq. 8: sum of perceptual terms plus equivariance."""

    perceptual: Perceptual = "vgg19"
    vgg_weights: Path | None = None  # safetensors; None: the cache of torch hub
    perceptual_weight: float = 10.0  # lambda_rec of every term; 0: nothing is reconstructed
    scales: tuple[float, ...] = (1.0, 0.5, 0.25, 0.125)
    equivariance_weight: float = 10.0  # lambda_eqv
    spline_points: int = 5  # of the random thin-plate spline, along one side
    spline_affine: float = 0.05  # standard deviations
    spline_bend: float = 0.005
    truth_weight: float = 0.0  # beyond the paper: end-point error in pixels, where motion is known

    def __post_init__(self) -> None:
        weights = (self.perceptual_weight, self.equivariance_weight, self.truth_weight)
        if min(weights) < 0.0 or max(weights) == 0.0:
            raise ValueError(f"the weights of the losses are {weights}: none below 0, one above")
        if any(not 0.0 < scale <= 1.0 for scale in self.scales) or not self.scales:
            raise ValueError(f"scales are {self.scales}: numbers above 0, at most 1")


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Shares of the pairs that are changed; both faces of a pair always alike."""

    mirror: float = 0.0
    exchange: float = 0.0  # apex and onset change places
    grey: float = 0.0
    colour: float = 0.0  # standard deviation of gain (relative) and offset (of the range)


@dataclass(frozen=True, slots=True)
class PairChoice:
    """Which two frames of a clip make a pair."""

    way: Literal["random", "onset-apex"] = "random"
    jitter_s: float = 0.0  # with onset-apex: each may be that much off, as a spotter's are


@dataclass(frozen=True, slots=True)
class MotionTraining:
    """One training of the motion learner."""

    network: MotionConfig = field(default_factory=MotionConfig.full)
    loss: MotionLossConfig = field(default_factory=MotionLossConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    pairs: PairChoice = field(default_factory=PairChoice)
    seed: int = 0
    epochs: int = 40
    batch: int = 8
    accumulate: int = 1  # batches to one step of the optimiser
    learning_rate: float = 2e-6
    schedule: Literal["steps", "cosine"] = "steps"
    milestones: tuple[int, ...] = (20, 30)  # epochs, with "steps"
    decay: float = 0.1
    clip_norm: float = 0.0  # of the gradients; 0: not clipped
    checkpoint_every: int = 200  # steps
    mixed_precision: bool = True  # on CUDA only
    compile: bool = True  # on CUDA only

    def __post_init__(self) -> None:
        counts = (self.epochs, self.batch, self.accumulate, self.checkpoint_every)
        if min(counts) < 1:
            raise ValueError("epochs, batch, accumulate and checkpoint_every must be 1 or more")
        if not self.learning_rate > 0.0:
            raise ValueError(f"learning_rate is {self.learning_rate}: it must be above 0")

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
        """To go on after `small_truth`: known motion leads, and the generator learns to paint."""
        loss = MotionLossConfig("pixel-census", equivariance_weight=0.0, truth_weight=20.0)
        return replace(cls.small(), loss=loss, epochs=2, learning_rate=1e-3)
