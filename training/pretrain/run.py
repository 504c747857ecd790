"""`mer-train synthetic`, top to bottom: train the members, calibrate, export, compare, describe."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from recognition.classifiers.ensemble import ViewEnsemble
from recognition.classifiers.scvit import SCViT, SCViTConfig
from streamer.batch.tasks import Execution
from streamer.core.ranges import Epochs, Range, Seed, Workers, check_ranges
from streamer.core.records import EMOTIONS
from training.common.calibration import measure_reliability, temperature_of
from training.common.metrics import RecognitionScore, score_recognition
from training.common.tasks import do_all
from training.pretrain.export import check_parity, export_ensemble
from training.pretrain.model_card import RunFacts, write_cards
from training.pretrain.train import (
    Maps,
    Progress,
    TrainConfig,
    draw_chunks,
    predict,
    train_member,
)
from training.pretrain.unit_scores import (
    fit_units,
    macro_f1,
    score_units,
    unit_calibration_error,
)
from training.synthetic.maps import EMOTIONS_TRAINING, TRAINING, VALIDATION, Domain

NAME = "scvit_synthetic"
VALIDATION_CHUNK = 512  # maps that share faces and a mixture of units


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One run of `mer-train synthetic`."""

    output: Path
    members: Annotated[int, Range(1, 16)] = 3  # that tell emotions
    unit_members: Annotated[int, Range(1, 16)] = 3  # that tell action units
    seed: Seed = 0
    maps: Annotated[int, Range(1, 10_000_000)] = 32768  # of a member that tells emotions
    unit_maps: Annotated[int, Range(1, 10_000_000)] = 49152
    epochs: Epochs = 6
    unit_epochs: Epochs = 7
    jobs: Workers = 2
    validation_maps: Annotated[int, Range(2, 1_000_000)] = 4096
    validation_seed: Seed = 987654
    emotion_domain: Domain = EMOTIONS_TRAINING
    unit_domain: Domain = TRAINING
    validation_domain: Domain = VALIDATION

    def __post_init__(self) -> None:
        check_ranges(self)


def run_synthetic(config: RunConfig) -> str:
    """Trains and exports; returns a summary of a few lines."""
    started = time.monotonic()
    emotions, units = emotion_training(config), unit_training(config)
    model = ViewEnsemble(
        train_members(emotions, config.members, config),
        train_members(units, config.unit_members, config),
    ).eval()
    return finish(model, config, started)


def emotion_training(config: RunConfig) -> TrainConfig:
    """Of the members that tell emotions: another world, no units."""
    return TrainConfig(
        maps=config.maps,
        chunk=4096,
        epochs=config.epochs,
        batch=128,
        learning_rate=1e-3,
        domain=config.emotion_domain,
        network=SCViTConfig(),
    )


def unit_training(config: RunConfig) -> TrainConfig:
    """Of the members that tell action units."""
    return TrainConfig(maps=config.unit_maps, epochs=config.unit_epochs, domain=config.unit_domain)


def finish(model: ViewEnsemble, config: RunConfig, started: float) -> str:
    """Calibrates, scores and exports trained members; returns the summary."""
    data = _validation(config)
    half = len(data.labels) // 2  # one half calibrates, the other is scored
    first = data.take(torch.arange(half))
    temperature = temperature_of(calibrate_units(model, first).numpy(), first.labels.numpy())
    scored = data.take(torch.arange(half, len(data.labels)))
    logits, *told = predict(model, scored.maps.numpy())
    path = export_ensemble(model, config.output, NAME, temperature)
    facts = RunFacts(
        members=config.members,
        unit_members=config.unit_members,
        seed=config.seed,
        emotions=emotion_training(config),
        unit_training=unit_training(config),
        parameters=sum(p.numel() for p in model.parameters()),
        seconds=time.monotonic() - started,
        temperature=temperature,
        calibration_error=_error(logits / temperature, scored.labels),
        validation=_score_emotions(scored.labels, logits),
        other=_score_other(scored.labels, logits),
        units=score_units(scored.strengths.numpy(), told[0].numpy(), told[1].numpy()),
        unit_calibration_error=unit_calibration_error(scored.strengths.numpy(), told[0].numpy()),
        parity=check_parity(model, path, data.maps[:256].numpy(), temperature),
    )
    write_cards(config.output, path, facts)
    score, networks = facts.validation, config.members + config.unit_members
    return (
        f"{path}: {networks} networks in {facts.seconds:.0f} s; on the validation domain "
        f"({score.count} maps) UF1 {score.uf1:.3f}, UAR {score.uar:.3f}, action units F1 "
        f"{macro_f1(facts.units):.3f}; torch and ONNX differ by {facts.parity:.1e}"
    )


def calibrate_units(model: ViewEnsemble, data: Maps) -> Tensor:
    """Calibrates the units of the model in place; returns its logits of the classes."""
    logits, told, _ = predict(model, data.maps.numpy())
    scale, shift = fit_units(told.logit(eps=1e-6), data.strengths)
    model.unit_scale.copy_(scale)
    model.unit_shift.copy_(shift)
    return logits


def _score_emotions(labels: Tensor, logits: Tensor) -> RecognitionScore:
    """Of the maps that show one of the three classes, asked for one of the three."""
    shown = labels < len(EMOTIONS)
    best = logits[shown][:, : len(EMOTIONS)].argmax(dim=1)
    return score_recognition(labels[shown].numpy(), best.numpy())


def _score_other(labels: Tensor, logits: Tensor) -> tuple[float, float]:
    """Precision and recall of `other` among all maps."""
    truth, said = labels == len(EMOTIONS), logits.argmax(dim=1) == len(EMOTIONS)
    both = float((truth & said).sum())
    return both / max(float(said.sum()), 1.0), both / max(float(truth.sum()), 1.0)


def train_members(train: TrainConfig, count: int, config: RunConfig) -> list[SCViT]:
    """One network per seed; with several jobs, each in a process of its own with one thread."""
    seeds = range(config.seed, config.seed + count)
    total, work = train.work * count, partial(_train_weights, train)
    with tqdm(total=total, desc="training", unit="map", unit_scale=True) as bar:
        found = dict(do_all(work, seeds, Execution(workers=config.jobs), bar.update))
    return [_network(train, found[seed]) for seed in seeds]


def _error(logits: Tensor, labels: Tensor) -> float:
    """Expected calibration error of the most probable class."""
    return measure_reliability(logits.softmax(dim=1).numpy(), labels.numpy()).error


def _validation(config: RunConfig) -> Maps:
    rng = np.random.default_rng(config.validation_seed)
    count = config.validation_maps
    return draw_chunks(count, min(count, VALIDATION_CHUNK), config.validation_domain, rng)


def _train_weights(train: TrainConfig, seed: int, progress: Progress) -> dict[str, np.ndarray]:
    model = train_member(train, seed, progress)
    return {name: value.numpy() for name, value in model.state_dict().items()}


def _network(train: TrainConfig, state: dict[str, np.ndarray]) -> SCViT:
    model = SCViT(train.network)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return model.eval()
