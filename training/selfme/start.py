"""What the motion learner of a fold starts from, and its fine-tuning on the fold's own faces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from recognition.selfme.motion_learner import MotionLearner
from recognition.selfme.network import SelfmeNet, load_selfme
from recognition.selfme.settings import SelfmeConfig
from recognition.selfme.weights import BUNDLED, load_motion
from streamer.errors import ModelError


@dataclass(frozen=True, slots=True)
class FineTuning:
    """Self-supervised steps on the training subjects' faces. 0 steps: frozen."""

    steps: int = 60
    batch: int = 8
    learning_rate: float = 2e-5


def start_file(start: str | None) -> Path | None:
    """The file meant by "bundled", a path, or None.

    Raises:
        ModelError: it is not there.
    """
    if start is None:
        return None
    path = BUNDLED if start == "bundled" else Path(start)
    if not path.is_file():
        raise ModelError(
            f"{path} not found: name a .safetensors file of mer-train motion or recognizer as "
            "`start`, or null to train from scratch"
        )
    return path


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
    if file.suffix != ".safetensors":
        raise ModelError(f"{file}: give a .safetensors file of mer-train; pickles are not read")
    try:
        with safe_open(str(file), framework="pt") as opened:
            whole = "selfme" in (opened.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{file} cannot be read ({error}): give weights of mer-train") from error
    if not whole:
        return load_motion(file)
    learner = load_selfme(file)[0].learner
    if learner is None:
        raise ModelError(f"{file} holds no motion learner: name another file as `start`")
    return learner


def fine_tune(
    learner: MotionLearner, pairs: NDArray[np.uint8], tuning: FineTuning, seed: int
) -> None:
    """Reconstruct the apex from the onset and the onset from the apex, on these pairs alone."""
    if tuning.steps == 0:
        return
    raise NotImplementedError
