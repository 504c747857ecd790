"""The settings of a recogniser's training: preset, then file, then single keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.selfme_config import SelfmeConfig
from streamer.core.errors import UsageError
from streamer.core.ranges import check_ranges
from training.common.options import change_settings
from training.selfme.classification import SMALL, ClassifierTraining
from training.selfme.start import FineTuning
from training.tcae.train import TcaeTraining


@dataclass(frozen=True, slots=True)
class SelfmeRun:
    """What a YAML file fills: the network, the training, and what the motion learner starts from.

    `start` is a .safetensors file of mer-train motion or recognizer; "bundled" is the one that
    comes with the package, null trains from scratch. `jitter` trains SCViT on pairs some frames off
    too, as a spotter finds them: the cache must have been prepared with --jitter-frames. `tcae`
    counts where `selfme.motion` is tcae.
    """

    selfme: SelfmeConfig = field(default_factory=SelfmeConfig)
    training: ClassifierTraining = SMALL
    start: str | None = "bundled"
    fine_tuning: FineTuning = field(default_factory=FineTuning)
    jitter: bool = False
    tcae: TcaeTraining = field(default_factory=TcaeTraining)

    def __post_init__(self) -> None:
        check_ranges(self)


def facts_of(run: SelfmeRun) -> dict[str, Any]:
    """The settings that count: those of TCAE where the motion is its."""
    facts = asdict(run)
    if run.selfme.motion != "tcae":
        del facts["tcae"]
    return facts


def make_run(preset: str, config: Path | None, pairs: Sequence[str]) -> SelfmeRun:
    """The settings.

    Raises:
        UsageError: an unknown preset, key or value.
    """
    presets = {
        "small": SelfmeRun(fine_tuning=FineTuning(epochs=0)),
        "paper": SelfmeRun(SelfmeConfig.full(), ClassifierTraining(), None, FineTuning(epochs=0)),
    }
    if preset not in presets:
        raise UsageError(f"--preset {preset!r}: choose {' or '.join(presets)}")
    return change_settings(presets[preset], config, pairs, "training.epochs=5")


def wanted_jitter(run: SelfmeRun, jittered: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """The wrong pairs, if the settings want them.

    Raises:
        UsageError: they do, and there are none.
    """
    if run.jitter and jittered is None:
        raise UsageError(
            "jitter: true needs pairs some frames off: prepare the data set with mer-train prepare "
            "--jitter-frames 4 (pairs of mer-train pairs take --jitter-frames when they are drawn)"
        )
    return jittered if run.jitter else None
