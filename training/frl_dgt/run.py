"""`mer-train frl-dgt`, top to bottom: end-to-end training, calibration, weights.

A run that is killed resumes at its last checkpoint and ends with the same weights.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognition.classifiers.frl_dgt import pack_frl_dgt
from streamer.core.errors import UsageError
from streamer.core.files.atomic import write_file
from streamer.core.records import EMOTIONS
from training.common.files import sha256_of
from training.common.plots import write_curves
from training.frl_dgt.fields import field_maker
from training.frl_dgt.learner import FrlDgtLearner, start_file
from training.frl_dgt.settings import FrlDgtRun
from training.frl_dgt.trainer import FrlDgtTrainer
from training.selfme.checkpoint import load_checkpoint
from training.selfme.pairs import LabelledPairs
from training.selfme.recognizer_run import (
    CHECKPOINT,
    RunPlace,
    calibrate,
    run_steps,
    write_results,
)

WEIGHTS = "frl-dgt.safetensors"
_LOSSES = ("loss", "cross entropy", "self-supervision")
_CHUNK = 64


def train_frl_dgt(
    run: FrlDgtRun, train: LabelledPairs, validation: LabelledPairs, seed: int, place: RunPlace
) -> dict[str, Any]:
    """Trains, or resumes, and returns what `results.json` holds.

    Raises:
        OutputError: the folder holds a training of other settings or data.
        ModelError: `start` cannot be used. UsageError: pairs of another size.
    """
    settings = settings_of(run, train, seed)
    checkpoint = place.output / CHECKPOINT
    if place.overwrite:
        checkpoint.unlink(missing_ok=True)
    inputs = represent(run, train.pairs)
    held = load_checkpoint(checkpoint, settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = FrlDgtLearner(run).to(place.device)
    trainer = FrlDgtTrainer(learner, inputs, train.labels, seed)
    losses: list[list[float]] = []
    if held is not None:
        learner.load_state_dict(dict(held.model))
        trainer.restore(held.step, dict(held.optimizer))
        losses = [list(row) for row in held.extra["losses"]]
    run_steps(trainer, learner, losses, settings, place, "FRL-DGT")
    write_curves(place.output, _LOSSES, losses, run.training.steps_per_epoch(len(train)))
    temperature, score = calibrate(predict(learner, validation.pairs), validation.labels)
    data = pack_frl_dgt(learner.net, ",".join(EMOTIONS), temperature)
    write_file(place.output / WEIGHTS, data)
    return write_results(place.output, WEIGHTS, temperature, score, validation, settings)


def settings_of(run: FrlDgtRun, train: LabelledPairs, seed: int) -> dict[str, Any]:
    """Everything that changes the weights."""
    whole = hashlib.sha256(train.pairs.tobytes() + train.labels.tobytes())
    start = start_file(run.start)
    of_start = None if start is None else dict(sha256_of([start]))
    digest = whole.hexdigest()[:16]
    return {**asdict(run), "start": of_start, "seed": seed, "pairs": len(train), "data": digest}


def represent(run: FrlDgtRun, pairs: NDArray[np.uint8]) -> NDArray:
    """What the network takes, of pairs uint8 [N, 2, S, S, 3].

    Raises:
        UsageError: they have another shape.
    """
    make = field_maker(run.network)
    try:
        return np.stack([make(pair) for pair in pairs])
    except ValueError as error:
        raise UsageError(str(error)) from error


def predict(learner: FrlDgtLearner, pairs: NDArray[np.uint8]) -> Tensor:
    """Logits [N, C] of pairs uint8 [N, 2, S, S, 3]."""
    learner.eval()
    device = next(learner.parameters()).device
    inputs = torch.from_numpy(represent(learner.run, pairs))
    with torch.no_grad():
        return torch.cat([learner(part.to(device)).cpu() for part in inputs.split(_CHUNK)])
