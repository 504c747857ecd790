"""`mer-train motion`: reads settings and data, trains, writes weights and what they are."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from recognition.motion.selfme.motion_learner import MotionLearner
from recognition.motion.selfme.weights import load_motion, pack_motion
from streamer.core.errors import ModelError, UsageError
from streamer.core.files.atomic import write_file
from streamer.core.ranges import Range, check_ranges
from streamer.core.settings import dump_yaml, fill, load_yaml, to_mapping
from training.common.options import pick_device
from training.selfme.motion_clips import align_clips
from training.selfme.motion_config import MotionTraining
from training.selfme.motion_data import PairSource, StackSource, SyntheticSource
from training.selfme.motion_score import end_point_errors
from training.selfme.motion_train import CHECKPOINT, train_motion
from training.synthetic.pairs import Pairs, read_pairs

WEIGHTS, LEARNER, FACTS = "selfme_motion.safetensors", "learner.safetensors", "motion.json"
PRESETS: dict[str, Callable[[], MotionTraining]] = {
    "paper": MotionTraining,
    "small": MotionTraining.small,
    "small-truth": MotionTraining.small_truth,
    "small-painted": MotionTraining.small_painted,
}
_VALIDATED = 64  # pairs after every epoch; all of them at the end


@dataclass(frozen=True, slots=True)
class MotionRequest:
    """The options of the command."""

    data: Path
    output: Path
    dataset: str = ""
    config: Path | None = None
    preset: str = "paper"
    start: Path | None = None
    validation: Path | None = None
    device: str = "auto"
    threads: Annotated[int, Range(0, 256)] = 0
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_ranges(self)


def run_motion(request: MotionRequest) -> str:
    """Trains and writes; returns a line for the terminal.

    Raises:
        UsageError: an unknown preset or key, or no data that can be used.
        OutputError, ModelError: see `train_motion`.
    """
    config = read_config(request)
    if request.threads:
        torch.set_num_threads(request.threads)
    source = read_motion_source(request, config)
    if request.overwrite:
        (request.output / CHECKPOINT).unlink(missing_ok=True)
    held_out = read_pairs(request.validation) if request.validation else None
    started = time.monotonic()
    learner = train_motion(
        config,
        source,
        request.output,
        start_weights(request.start, config),
        pick_device(request.device),
        _validator(held_out),
    )
    error_px = _mean_error(learner, held_out) if held_out is not None else None
    facts = {
        "command": _command(request),
        "config": to_mapping(config),
        "pairs": len(source),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seconds": round(time.monotonic() - started),
        "validation_px": error_px,
    }
    path = write_weights(learner.cpu(), request.output, facts)
    score = (
        ""
        if error_px is None
        else f", end-point error {error_px:.3f} px on {len(held_out or [])} pairs"
    )
    return f"{path}: {config.epochs} epochs of {len(source)} pairs{score}"


def read_config(request: MotionRequest) -> MotionTraining:
    """The settings: a YAML file, or a preset.

    Raises:
        UsageError: both, neither, or something that is not known.
    """
    if request.config is not None:
        return fill(MotionTraining, load_yaml(request.config), str(request.config))
    if request.preset not in PRESETS:
        raise UsageError(f"--preset {request.preset!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[request.preset]()


def read_motion_source(request: MotionRequest, config: MotionTraining) -> PairSource:
    """The pairs to learn from.

    Raises:
        UsageError: --data is neither an .npz of pairs nor a data set.
    """
    size_px = config.network.image_size_px
    if request.data.suffix == ".npz":
        pairs = read_pairs(request.data)
        if pairs.onset.shape[1] != size_px:
            raise UsageError(
                f"{request.data} holds faces of {pairs.onset.shape[1]} pixels, the network takes "
                f"{size_px}: draw them again, or change network.image_size_px"
            )
        return SyntheticSource(pairs)
    if not request.dataset:
        raise UsageError(f"{request.data}: name its data set with --dataset, or give an .npz")
    stacks = align_clips(request.dataset, request.data, request.output / "faces", size_px)
    return StackSource(stacks, config.pairs)


def start_weights(path: Path | None, config: MotionTraining) -> dict[str, Tensor] | None:
    """The state of a learner saved before; a generator that the file lacks begins at random.

    Raises:
        ModelError: the file is of another network.
    """
    if path is None:
        return None
    held = load_motion(path)
    if to_mapping(held.config) != to_mapping(config.network):
        raise ModelError(f"{path} is of another network than the settings': make them equal")
    return dict(held.state_dict())


def write_weights(learner: MotionLearner, output: Path, facts: dict) -> Path:
    """Weights for inference (float16), for learning on (float32), and the facts.

    A generator that was not trained is left out of the former.
    """
    header = {"training": json.dumps(facts["config"])}
    painted = facts["config"]["loss"]["perceptual_weight"] > 0.0
    small = pack_motion(learner, header, generator=painted)
    write_file(output / WEIGHTS, small)
    write_file(output / LEARNER, pack_motion(learner, header, half=False, generator=True))
    sha256 = {WEIGHTS: hashlib.sha256(small).hexdigest()}
    text = json.dumps({**facts, "sha256": sha256}, indent=2)
    write_file(output / FACTS, text.encode())
    write_file(output / "config.yaml", dump_yaml_bytes(facts["config"]))
    return output / WEIGHTS


def dump_yaml_bytes(mapping: dict) -> bytes:
    """Settings as a file that --config reads."""
    return dump_yaml(fill(MotionTraining, mapping)).encode()


def _validator(pairs: Pairs | None) -> Callable[[MotionLearner], float] | None:
    if pairs is None:
        return None
    some = pairs.part(np.arange(min(len(pairs), _VALIDATED)))
    return lambda learner: _mean_error(learner, some)


def _mean_error(learner: MotionLearner, pairs: Pairs) -> float:
    return float(np.mean(end_point_errors(learner, pairs)))


def _command(request: MotionRequest) -> str:
    words = [f"--preset {request.preset}"]
    if request.config is not None:
        words = [f"--config {request.config.name}"]
    if request.start is not None:
        words.append(f"--start {request.start.name}")
    return f"mer-train motion --data {request.data.name} " + " ".join(words)
