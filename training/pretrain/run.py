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
from recognition.classifiers.scvit import SCViT
from streamer.batch.tasks import Execution
from streamer.core.ranges import Epochs, Range, Seed, Workers, check_ranges
from training.common.losses import fit_temperature
from training.common.metrics import score_recognition
from training.common.tasks import do_all
from training.pretrain.export import check_parity, export_ensemble
from training.pretrain.model_card import RunFacts, write_cards
from training.pretrain.train import Progress, TrainConfig, draw_chunks, predict, train_member
from training.synthetic.maps import TRAINING, VALIDATION, Domain

NAME = "scvit_synthetic"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One run of `mer-train synthetic`."""

    output: Path
    members: Annotated[int, Range(1, 16)] = 3
    seed: Seed = 0
    maps: Annotated[int, Range(1, 10_000_000)] = 32768
    epochs: Epochs = 6
    jobs: Workers = 2
    validation_maps: Annotated[int, Range(2, 1_000_000)] = 4096
    validation_seed: Seed = 987654
    training_domain: Domain = TRAINING
    validation_domain: Domain = VALIDATION

    def __post_init__(self) -> None:
        check_ranges(self)


def run_synthetic(config: RunConfig) -> str:
    """Trains and exports; returns a summary of a few lines."""
    started = time.monotonic()
    train = TrainConfig(maps=config.maps, epochs=config.epochs, domain=config.training_domain)
    members = train_members(train, config)
    model = ViewEnsemble(members).eval()
    maps, labels = _validation(config)
    half = len(labels) // 2  # one half calibrates, the other is scored
    temperature = fit_temperature(predict(model, maps[:half].numpy()), labels[:half])
    logits = predict(model, maps[half:].numpy())
    score = score_recognition(labels[half:].numpy(), logits.argmax(dim=1).numpy())
    path = export_ensemble(model, config.output, NAME, temperature)
    parity = check_parity(model, path, maps[:256].numpy(), temperature)
    facts = RunFacts(
        members=config.members,
        seed=config.seed,
        train=train,
        parameters=sum(p.numel() for p in model.parameters()),
        seconds=time.monotonic() - started,
        temperature=temperature,
        calibration_error=calibration_error(logits / temperature, labels[half:]),
        validation=score,
        parity=parity,
    )
    write_cards(config.output, path, facts)
    return (
        f"{path}: {config.members} networks in {facts.seconds:.0f} s; on the validation domain "
        f"({score.count} maps) UF1 {score.uf1:.3f}, UAR {score.uar:.3f}; torch and ONNX differ by "
        f"{parity:.1e}"
    )


def train_members(train: TrainConfig, config: RunConfig) -> list[SCViT]:
    """One network per seed; with several jobs, each in a process of its own with one thread."""
    seeds = range(config.seed, config.seed + config.members)
    total, work = train.work * config.members, partial(_train_weights, train)
    with tqdm(total=total, desc="training", unit="map", unit_scale=True) as bar:
        found = dict(do_all(work, seeds, Execution(workers=config.jobs), bar.update))
    return [_network(train, found[seed]) for seed in seeds]


def calibration_error(logits: Tensor, labels: Tensor, bins: int = 10) -> float:
    """Expected calibration error of the most probable class (mean gap, weighted by bin counts)."""
    confidence, best = logits.softmax(dim=1).max(dim=1)
    right = (best == labels).float()
    which = (confidence * bins).long().clamp(max=bins - 1)
    gaps = [
        float((right[which == b].mean() - confidence[which == b].mean()).abs())
        * int((which == b).sum())
        for b in range(bins)
        if bool((which == b).any())
    ]
    return sum(gaps) / len(labels)


def _validation(config: RunConfig) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(config.validation_seed)
    return draw_chunks(
        config.validation_maps, config.validation_maps, config.validation_domain, rng
    )


def _train_weights(train: TrainConfig, seed: int, progress: Progress) -> dict[str, np.ndarray]:
    model = train_member(train, seed, progress)
    return {name: value.numpy() for name, value in model.state_dict().items()}


def _network(train: TrainConfig, state: dict[str, np.ndarray]) -> SCViT:
    model = SCViT(train.network)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return model.eval()
