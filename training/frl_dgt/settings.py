"""The settings of an FRL-DGT training: what a YAML file fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from recognition.classifiers.frl_dgt_config import FrlDgtConfig
from streamer.core.ranges import (
    BatchSize,
    Epochs,
    LearningRate,
    Range,
    Share,
    Weight,
    check_ranges,
)
from training.common.options import change_settings


@dataclass(frozen=True, slots=True)
class SelfSupervision:
    """The loss that needs no label: the onset, warped by the displacement, should be the apex.

    Its form is not public to us: photometric error plus smoothness. `weight` 0 is M3 of table 2.
    """

    weight: Weight = 1.0
    photometric: Literal["ssim", "l1"] = "ssim"  # .85 SSIM and .15 L1, or L1 alone
    smoothness: Weight = 0.2  # on the L1 norm of the displacement's gradient, per pixel

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class FrlDgtTraining:
    """How the network is trained, all parts at once: Adam. Ours; the paper's is unknown here."""

    epochs: Epochs = 30
    batch: BatchSize = 32
    learning_rate: LearningRate = 1e-3
    decay: Annotated[float, Range(1e-6, 1.0)] = 0.93  # of the rate, after every epoch
    weight_decay: Annotated[float, Range(0.0, 1.0)] = 1e-4
    label_smoothing: Annotated[float, Range(0.0, 0.99)] = 0.05
    mirror: Share = 0.5  # of the pairs, mirrored
    # the displacement that is classified is multiplied by 1 / gain .. gain, moved by up to so
    # many pixels, and gets smooth noise of this standard deviation
    gain: Annotated[float, Range(1.0, 100.0)] = 1.5
    shift_px: Annotated[int, Range(0, 64)] = 3
    noise_px: Annotated[float, Range(0.0, 100.0)] = 0.08
    self_supervision: SelfSupervision = SelfSupervision()

    def __post_init__(self) -> None:
        check_ranges(self)

    def steps_per_epoch(self, count: int) -> int:
        """Whole batches; a rest is left out unless it is all there is."""
        return max(1, count // self.batch)


@dataclass(frozen=True, slots=True)
class FrlDgtRun:
    """The network, its training, and what the displacement module starts from.

    `start` is a .safetensors file of mer-train frl-dgt, "bundled" for the one that comes with the
    package (it has seen synthetic faces only), or null: from nothing, as in the paper.
    """

    network: FrlDgtConfig = field(default_factory=FrlDgtConfig)
    training: FrlDgtTraining = field(default_factory=FrlDgtTraining)
    start: str | None = None

    def __post_init__(self) -> None:
        check_ranges(self)


def make_run(config: Path | None = None, pairs: Sequence[str] = ()) -> FrlDgtRun:
    """The settings of a file, then single keys such as training.epochs=5.

    Raises:
        UsageError: an unknown key or a wrong value.
    """
    return change_settings(FrlDgtRun(), config, pairs, "training.epochs=5")
