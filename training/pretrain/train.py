"""Training of SCViT on synthetic motion maps: data, loop, calibration, in that order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from recognition.classifiers.ensemble import ViewEnsemble, mirror
from recognition.classifiers.scvit import SCViT, SCViTConfig, region_embeddings
from streamer.core.ranges import BatchSize, Epochs, LearningRate, Range, Share, check_ranges
from training.common.losses import symmetric_contrastive_loss
from training.synthetic.maps import Domain, sample_maps

Progress = Callable[
    [int], object
]  # gets the number of maps drawn or trained on since the last call


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One member of the ensemble. Omega and tau are those of the paper; the rest is ours."""

    maps: Annotated[int, Range(1, 10_000_000)] = 32768
    chunk: Annotated[int, Range(1, 1_000_000)] = 4096  # maps that share one bank of random faces
    epochs: Epochs = 6
    batch: BatchSize = 128
    learning_rate: LearningRate = 1e-3
    weight_decay: Annotated[float, Range(0.0, 10.0)] = 0.05
    warmup: Share = 0.05  # share of the steps
    label_smoothing: Annotated[float, Range(0.0, 0.99)] = 0.05
    # weight of the symmetric contrastive loss, eq. 16
    omega: Annotated[float, Range(0.0, 100.0)] = 0.11
    tau: Annotated[float, Range(1e-4, 100.0)] = 0.07
    network: SCViTConfig = field(default_factory=SCViTConfig)
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


def train_member(config: TrainConfig, seed: int, progress: Progress | None = None) -> SCViT:
    """Draws the maps, trains one network on them and returns it in evaluation mode."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    maps, labels = draw_chunks(config.maps, config.chunk, config.domain, rng, progress)
    model = SCViT(config.network).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, config))
    for _ in range(config.epochs):
        order = torch.from_numpy(rng.permutation(config.maps))
        for picked in order[: config.maps // config.batch * config.batch].split(config.batch):
            loss = batch_loss(model, _flip_some(maps[picked]), labels[picked], config)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if progress:
                progress(config.batch)
    return model.eval()


def batch_loss(model: SCViT, maps: Tensor, labels: Tensor, config: TrainConfig) -> Tensor:
    """Cross entropy plus omega times the symmetric contrastive loss (eq. 16)."""
    logits, patches = model(maps)
    classes = functional.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
    regions = region_embeddings(patches)
    return classes + config.omega * symmetric_contrastive_loss(regions, labels, config.tau)


def draw_chunks(
    count: int,
    chunk: int,
    domain: Domain,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> tuple[Tensor, Tensor]:
    """Maps uint8 [count, 28, 28, 3] and labels [count], each chunk with faces of its own."""
    parts = []
    for start in range(0, count, chunk):
        parts.append(sample_maps(min(chunk, count - start), domain, rng))
        if progress:
            progress(len(parts[-1][1]))
    maps = torch.from_numpy(np.concatenate([part[0] for part in parts]))
    return maps, torch.from_numpy(np.concatenate([part[1] for part in parts]))


def predict(model: ViewEnsemble, maps: NDArray[np.uint8], batch: int = 256) -> Tensor:
    """Logits [N, classes] of uint8 maps."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part) for part in torch.from_numpy(maps).split(batch)])


def _flip_some(maps: Tensor) -> Tensor:
    """Every map is mirrored with probability one half."""
    flip = torch.rand(len(maps)) < 0.5
    return torch.where(flip[:, None, None, None], mirror(maps), maps)


def _rate(step: int, config: TrainConfig) -> float:
    """Warm-up, then a cosine down to zero."""
    warm = max(1, round(config.warmup * config.steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(1, config.steps - warm)))
