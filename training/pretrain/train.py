"""Training of SCViT on synthetic motion maps: data, loop, calibration, in that order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from recognition.classifiers.ensemble import ViewEnsemble, mirror
from recognition.classifiers.scvit import SCViT, SCViTConfig, Told, region_embeddings
from streamer.core.ranges import BatchSize, Epochs, LearningRate, Range, Share, check_ranges
from streamer.core.records import CLASSES, UNITS
from training.common.losses import symmetric_contrastive_loss
from training.synthetic.maps import Domain, sample_maps
from training.synthetic.unit_truth import unit_targets

Progress = Callable[
    [int], object
]  # gets the number of maps drawn or trained on since the last call

NETWORK = SCViTConfig(units=len(UNITS), classes=len(CLASSES))


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One member that tells units. Omega and tau are those of the paper; the rest is ours."""

    maps: Annotated[int, Range(1, 10_000_000)] = 49152
    chunk: Annotated[int, Range(1, 1_000_000)] = 2048  # maps that share one bank of random faces
    epochs: Epochs = 7
    batch: BatchSize = 64
    learning_rate: LearningRate = 2e-3
    weight_decay: Annotated[float, Range(0.0, 10.0)] = 0.05
    warmup: Share = 0.05  # share of the steps
    label_smoothing: Annotated[float, Range(0.0, 0.99)] = 0.05
    # weight of the symmetric contrastive loss, eq. 16
    omega: Annotated[float, Range(0.0, 100.0)] = 0.11
    tau: Annotated[float, Range(1e-4, 100.0)] = 0.07
    units: Annotated[float, Range(0.0, 100.0)] = 20.0  # weight of the action units
    rare: Annotated[float, Range(1.0, 100.0)] = 3.0  # weight of a side that moved over one at rest
    strengths: Annotated[float, Range(0.0, 100.0)] = 1.0  # weight of how strongly they move
    network: SCViTConfig = NETWORK
    domain: Domain = field(default_factory=Domain)

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.epochs * (self.maps // self.batch)

    @property
    def work(self) -> int:
        """What `Progress` hears of in total: every map drawn, every map of every step."""
        return self.maps + self.steps * self.batch


class Maps(NamedTuple):
    """Maps and what is true of them, as tensors; rows belong together."""

    maps: Tensor  # uint8 [N, 28, 28, 3]
    labels: Tensor  # [N]
    strengths: Tensor  # [N, units, 2]; below 0: unknown

    def take(self, rows: Tensor) -> Maps:
        """Some of them."""
        return Maps(*(part[rows] for part in self))

    def flip_some(self) -> Maps:
        """Every map is mirrored with probability one half, and its sides with it."""
        flip = torch.rand(len(self.maps)) < 0.5
        return Maps(
            torch.where(flip[:, None, None, None], mirror(self.maps), self.maps),
            self.labels,
            torch.where(flip[:, None, None], self.strengths.flip(2), self.strengths),
        )


def train_member(config: TrainConfig, seed: int, progress: Progress | None = None) -> SCViT:
    """Draws the maps, trains one network on them and returns it in evaluation mode."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    data = draw_chunks(config.maps, config.chunk, config.domain, rng, progress)
    return train_on(data, config, rng, progress)


def train_on(
    data: Maps, config: TrainConfig, rng: np.random.Generator, progress: Progress | None = None
) -> SCViT:
    """One network on these maps, in evaluation mode."""
    model = SCViT(config.network).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, config))
    for _ in range(config.epochs):
        order = torch.from_numpy(rng.permutation(config.maps))
        for picked in order[: config.maps // config.batch * config.batch].split(config.batch):
            loss = batch_loss(model, data.take(picked).flip_some(), config)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if progress:
                progress(config.batch)
    return model.eval()


def batch_loss(model: SCViT, data: Maps, config: TrainConfig) -> Tensor:
    """Cross entropy plus omega times the symmetric contrastive loss (eq. 16), plus the units'."""
    told = model.tell(data.maps)
    classes = functional.cross_entropy(
        told.logits, data.labels, label_smoothing=config.label_smoothing
    )
    regions = region_embeddings(told.patches)
    contrast = symmetric_contrastive_loss(regions, data.labels, config.tau)
    loss = classes + config.omega * contrast
    return loss + unit_loss(told, data.strengths, config) if config.network.units else loss


def unit_loss(told: Told, strengths: Tensor, config: TrainConfig) -> Tensor:
    """Cross entropy of every unit and side that is known, and the error of the strengths."""
    targets = torch.from_numpy(unit_targets(strengths.numpy()))
    known, moved = targets >= 0.0, targets > 0.5
    weight = 1.0 + (config.rare - 1.0) * targets[known]
    error = functional.binary_cross_entropy_with_logits(told.units[known], targets[known], weight)
    if not bool(moved.any()):
        return config.units * error
    apart = (told.strengths.sigmoid() - strengths)[moved].abs().mean()
    return config.units * error + config.strengths * apart


def draw_chunks(
    count: int,
    chunk: int,
    domain: Domain,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Maps:
    """As many maps, each chunk with faces and a mixture of units of its own."""
    parts = []
    for start in range(0, count, chunk):
        parts.append(sample_maps(min(chunk, count - start), domain, rng))
        if progress:
            progress(len(parts[-1].labels))
    return Maps(
        *(
            torch.from_numpy(np.concatenate([getattr(part, name) for part in parts]))
            for name in ("maps", "labels", "strengths")
        )
    )


def predict(
    model: ViewEnsemble, maps: NDArray[np.uint8], batch: int = 256
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probabilities [N, classes], unit probabilities and strengths [N, units, 2] of maps."""
    model.eval()
    with torch.no_grad():
        parts = [model.tell(part) for part in torch.from_numpy(maps).split(batch)]
    logits, units, strengths = (torch.cat(own) for own in zip(*parts, strict=True))
    return logits, units, strengths


def _rate(step: int, config: TrainConfig) -> float:
    """Warm-up, then a cosine down to zero."""
    warm = max(1, round(config.warmup * config.steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(1, config.steps - warm)))
