"""`mer-train recognizer`, top to bottom: motion, SCViT on it, calibration, weights.

A run that is killed resumes at its last checkpoint and ends with the same weights: every step
depends on the seed, its number and the state in the checkpoint alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from recognition.classifiers.selfme import SelfmeNet, network_facts
from streamer.core.errors import UsageError
from streamer.core.files.atomic import write_file
from streamer.core.ranges import Range, check_ranges
from streamer.core.records import EMOTIONS
from training.common.calibration import temperature_of
from training.common.files import write_json
from training.common.metrics import RecognitionScore, score_recognition
from training.common.plots import write_curves
from training.selfme.checkpoint import load_checkpoint, save_checkpoint
from training.selfme.classification import ClassifierTrainer
from training.selfme.pairs import LabelledPairs, Measure, motion_crops, training_crops
from training.selfme.settings import SelfmeRun, facts_of, wanted_jitter
from training.selfme.start import fine_tune, start_file, start_network

WEIGHTS, RESULTS, CHECKPOINT = "selfme.safetensors", "results.json", "checkpoint.safetensors"
_LOSSES = ("loss", "cross entropy", "symmetric contrast")


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where and how a run is made; none of it changes the weights."""

    output: Path
    device: str = "cpu"
    checkpoint_every: Annotated[int, Range(1, 10_000_000)] = 100  # steps
    overwrite: bool = False
    stop_after: Annotated[int, Range(0, 10_000_000)] | None = None  # steps; for tests of going on

    def __post_init__(self) -> None:
        check_ranges(self)


def train_recognizer(
    run: SelfmeRun, train: LabelledPairs, validation: LabelledPairs, seed: int, place: RunPlace
) -> dict[str, Any]:
    """Trains, or resumes, and returns what `results.json` holds.

    Raises:
        OutputError: the folder holds a training of other settings or data.
        ModelError: the start of the motion learner cannot be used.
        UsageError: the motion is TCAE's, which only the benchmark has.
    """
    if run.selfme.motion == "tcae":
        raise UsageError(
            "motion tcae is there to be compared with, in mer-train loso and mer-train ablate: "
            "train a recogniser with selfme, dis, farneback or tvl1"
        )
    settings = settings_of(run, train, seed)
    checkpoint = place.output / CHECKPOINT
    if place.overwrite:
        checkpoint.unlink(missing_ok=True)
    held = load_checkpoint(checkpoint, settings)
    net = _fresh(run, seed, place.device)
    if held is not None:
        net.load_state_dict(dict(held.model))
    elif net.learner is not None:
        fine_tune(net.learner, train.pairs, run.fine_tuning, seed)
    trainer = make_trainer(run, net, train.pairs, train.labels, train.jittered, seed)
    losses: list[list[float]] = []
    if held is not None:
        trainer.restore({"step": held.step, "optimizer": held.optimizer})
        losses = [list(row) for row in held.extra["losses"]]
    run_steps(trainer, net, losses, settings, place, "SCViT")
    write_curves(place.output, _LOSSES, losses, run.training.steps_per_epoch(len(train)))
    return _finish(net, validation, settings, place)


def settings_of(run: SelfmeRun, train: LabelledPairs, seed: int) -> dict[str, Any]:
    """Everything that changes the weights."""
    whole = hashlib.sha256(train.pairs.tobytes() + train.labels.tobytes())
    wrong = wanted_jitter(run, train.jittered)
    if wrong is not None:
        whole.update(wrong.tobytes())
    digest = whole.hexdigest()[:16]
    start = start_file(run.start) if run.selfme.motion == "selfme" else None
    of_start = None if start is None else hashlib.sha256(start.read_bytes()).hexdigest()
    return {**facts_of(run), "start": of_start, "seed": seed, "pairs": len(train), "data": digest}


def predict_pairs(net: SelfmeNet, pairs: np.ndarray) -> Tensor:
    """Logits [N, C] at the amplification of inference."""
    crops = motion_crops(net, pairs, net.config.amplification)
    net.eval()
    with torch.no_grad():
        return torch.cat([net.classifier.classify(part)[0] for part in crops.split(128)]).cpu()


def _fresh(run: SelfmeRun, seed: int, device: str) -> SelfmeNet:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return start_network(run.selfme, run.start).to(device)


def make_trainer(
    run: SelfmeRun,
    net: SelfmeNet,
    pairs: NDArray[np.uint8],
    labels: NDArray[np.int64],
    jittered: NDArray[np.uint8] | None,
    seed: int,
    measure: Measure | None = None,
) -> ClassifierTrainer:
    """SCViT on the motion of these pairs; the motion learner stays as it is.

    measure: see `motion_crops`.
    """
    wrong = wanted_jitter(run, jittered)
    crops = training_crops(net, pairs, wrong, run.selfme.gamma_training, measure)
    contrast = (run.selfme.contrast, run.selfme.tau)
    classes = torch.from_numpy(labels).to(crops.device)
    return ClassifierTrainer(net.classifier, crops, classes, run.training, contrast, seed)


class StepTrainer(Protocol):
    """What `run_steps` trains with; a step answers with a dataclass of losses, `total` first."""

    step_count: int
    optimizer: torch.optim.Optimizer

    @property
    def total_steps(self) -> int:
        """Of the whole training."""
        ...

    def step(self) -> Any:
        """One optimiser step."""
        ...


def run_steps(
    trainer: StepTrainer,
    net: nn.Module,
    losses: list[list[float]],
    settings: Mapping[str, Any],
    place: RunPlace,
    title: str,
) -> None:
    """Trains to the end, a checkpoint every so often; appends the losses of every step."""
    total = trainer.total_steps
    last = total if place.stop_after is None else min(total, place.stop_after)
    bar = tqdm(total=total, initial=trainer.step_count, desc=title, unit="step", disable=None)
    with bar:
        while trainer.step_count < last:
            seen = trainer.step()
            losses.append(list(astuple(seen)))
            bar.update()
            bar.set_postfix(loss=f"{seen.total:.3f}")
            if trainer.step_count % place.checkpoint_every == 0 or trainer.step_count == last:
                path, extra = place.output / CHECKPOINT, {"losses": losses}
                save_checkpoint(path, trainer.step_count, settings, net, trainer.optimizer, extra)


def _finish(
    net: SelfmeNet, validation: LabelledPairs, settings: Mapping[str, Any], place: RunPlace
) -> dict[str, Any]:
    """Calibrates and scores, writes the weights and what was found."""
    logits = predict_pairs(net, validation.pairs)
    temperature, score = calibrate(logits, validation.labels)
    save_weights(net, place.output / WEIGHTS, temperature)
    return write_results(place.output, WEIGHTS, temperature, score, validation, settings)


def calibrate(logits: Tensor, labels: NDArray[np.int64]) -> tuple[float, RecognitionScore]:
    """The temperature of one half of the validation pairs, and the score of the other."""
    truth = torch.from_numpy(labels)
    order = np.random.default_rng(0).permutation(len(labels))
    half = torch.from_numpy(order[: len(order) // 2])
    rest = torch.from_numpy(order[len(order) // 2 :])
    temperature = temperature_of(logits[half].numpy(), truth[half].numpy()) if len(half) else 1.0
    return temperature, score_recognition(truth[rest].numpy(), logits[rest].argmax(dim=1).numpy())


def write_results(
    folder: Path,
    weights: str,
    temperature: float,
    score: RecognitionScore,
    validation: LabelledPairs,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """What a training found, as `results.json`."""
    results = {
        "weights": weights,
        "temperature": temperature,
        "validation": _plain(score),
        "validation_people": sorted(set(validation.people)),
        "settings": json.loads(json.dumps(settings)),
    }
    write_json(folder / RESULTS, results)
    return results


def save_weights(net: SelfmeNet, path: Path, temperature: float) -> None:
    """Weights as safetensors with the settings that rebuild the network."""
    facts = {
        "selfme": network_facts(net.config),
        "emotions": ",".join(EMOTIONS),
        "temperature": repr(temperature),
    }
    state = {name: value.cpu().contiguous() for name, value in net.state_dict().items()}
    write_file(path, save(state, metadata=facts))


def _plain(score: RecognitionScore) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(score)))
    return plain
