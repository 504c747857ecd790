"""SelfME's classification stage, one optimiser step at a time (SelfME, section 3.3, eq. 14-16).

A step depends on the seed, its own number, the weights and the optimiser's state, and on nothing
else: whatever chance decides is drawn from generators seeded by (seed, step). So a training that
was killed and resumes from any step ends with the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recognition.classifiers.field_vit import FieldViT
from recognition.classifiers.scvit import region_embeddings
from streamer.core.ranges import BatchSize, Epochs, LearningRate, Range, check_ranges
from training.common.losses import class_weights, symmetric_contrastive_loss


@dataclass(frozen=True, slots=True)
class ClassifierTraining:
    """How SCViT is trained. The defaults are the paper's; the last block is ours and off there."""

    epochs: Epochs = 60
    batch: BatchSize = 32
    # parts of a batch; the SC loss then sees only its own part
    accumulate: Annotated[int, Range(1, 65_536)] = 1
    learning_rate: LearningRate = 1e-4
    decay: Annotated[float, Range(1e-6, 1.0)] = 0.9  # of the rate, after every epoch
    weight_decay: Annotated[float, Range(0.0, 10.0)] = 0.0
    label_smoothing: Annotated[float, Range(0.0, 0.99)] = 0.0
    balance: Annotated[float, Range(0.0, 10.0)] = 0.0  # class weight = (1 / share) ** balance
    mirror: bool = False  # faces mirrored with probability one half
    shift: Annotated[int, Range(0, 64)] = 0  # crops moved by up to so many cells
    gain: Annotated[float, Range(1.0, 100.0)] = 1.0  # motion multiplied by 1 / gain .. gain
    # smooth motion noise added, standard deviation
    noise_iod: Annotated[float, Range(0.0, 1.0)] = 0.0

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.batch % self.accumulate:
            raise ValueError(f"batch {self.batch} must be a multiple of accumulate")

    def steps(self, count: int) -> int:
        """Optimiser steps over `count` samples."""
        return self.epochs * self.steps_per_epoch(count)

    def steps_per_epoch(self, count: int) -> int:
        """Whole batches; a rest is left out unless it is all there is."""
        return max(1, count // self.batch)


SMALL = ClassifierTraining(
    epochs=30, learning_rate=1e-3, decay=0.9, weight_decay=0.05, label_smoothing=0.05, balance=0.5,
    mirror=True, shift=2, gain=1.6, noise_iod=0.002,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StepLosses:
    """What one step saw."""

    total: float
    classes: float
    contrast: float


class ClassifierTrainer:
    """Trains one network on face crops of motion [N, 2, c, c] in inter-ocular distances.

    Crops [N, V, 2, c, c] are V versions of each clip, such as pairs some frames off: every epoch
    draws one of them for each clip.
    """

    def __init__(
        self,
        net: FieldViT,
        crops: Tensor,
        labels: Tensor,
        training: ClassifierTraining,
        contrast: tuple[float, float],  # omega, tau
        seed: int,
    ) -> None:
        if len(crops) == 0 or len(crops) != len(labels):
            raise ValueError(f"{len(crops)} motion fields but {len(labels)} labels; need as many")
        if not bool(torch.isfinite(crops).all()):
            raise ValueError("a motion field holds NaN or infinite values: leave its pair out")
        self.net, self.training, self.seed = net, training, seed
        self._crops, self._labels = crops, labels
        self._omega, self._tau = contrast
        self._weight = class_weights(labels, net.config.classes, training.balance)
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
            net.parameters(), training.learning_rate
        )
        self.step_count = 0

    @property
    def total_steps(self) -> int:
        """Of the whole training."""
        return self.training.steps(len(self._crops))

    def step(self) -> StepLosses:
        """One optimiser step."""
        c, device = self.training, self._crops.device
        epoch, place = divmod(self.step_count, c.steps_per_epoch(len(self._crops)))
        for group in self.optimizer.param_groups:
            group["lr"] = c.learning_rate * c.decay**epoch
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self._crops))
        rows = torch.from_numpy(order[place * c.batch : (place + 1) * c.batch]).to(device)
        versions = self._versions(epoch)
        self.net.train()
        self.optimizer.zero_grad()
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(_mix(self.seed, self.step_count))  # dropout
            draw = torch.Generator().manual_seed(_mix(self.seed + 1, self.step_count))
            parts = rows.split(max(1, -(-len(rows) // c.accumulate)))
            losses = [self._backward(part, versions, len(part) / len(rows), draw) for part in parts]
        self._decay_weights()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.step_count += 1
        return StepLosses(*(float(sum(values)) for values in zip(*losses, strict=True)))

    def state(self) -> dict[str, Any]:
        """Step and optimiser state; the weights are the network's own."""
        return {"step": self.step_count, "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.step_count = int(state["step"])
        self.optimizer.load_state_dict(state["optimizer"])

    def _versions(self, epoch: int) -> Tensor | None:
        """Which version [N] of each clip an epoch sees; None where there is but one."""
        if self._crops.ndim == 4:
            return None
        count, versions = self._crops.shape[:2]
        drawn = np.random.default_rng([self.seed, epoch, 1]).integers(versions, size=count)
        return torch.from_numpy(drawn).to(self._crops.device)

    def _backward(
        self, rows: Tensor, versions: Tensor | None, share: float, draw: torch.Generator
    ) -> tuple[float, float, float]:
        seen = self._crops[rows] if versions is None else self._crops[rows, versions[rows]]
        crops = vary(seen, self.training, draw)
        labels = self._labels[rows]
        device = crops.device.type
        with torch.autocast(device, enabled=device == "cuda"):
            logits, patches = self.net.classify(crops)
        classes = functional.cross_entropy(
            logits.float(), labels, self._weight, label_smoothing=self.training.label_smoothing
        )
        contrast = classes.new_zeros(())
        if self._omega > 0.0:
            regions = region_embeddings(patches.float())
            contrast = symmetric_contrastive_loss(regions, labels, self._tau)
        loss = share * (classes + self._omega * contrast)
        loss.backward()
        return loss.item(), share * classes.item(), share * contrast.item()

    def _decay_weights(self) -> None:
        """Decoupled weight decay; the paper's Adam has none."""
        if self.training.weight_decay > 0.0:
            factor = 1.0 - self.optimizer.param_groups[0]["lr"] * self.training.weight_decay
            with torch.no_grad():
                for parameter in self.net.parameters():
                    if parameter.ndim > 1:
                        parameter.mul_(factor)


def vary(crops: Tensor, training: ClassifierTraining, draw: torch.Generator) -> Tensor:
    """Crops [n, 2, c, c] mirrored, moved, strengthened and disturbed, as the settings say."""
    n, size = crops.shape[0], crops.shape[-1]
    if training.mirror:
        flip = torch.rand(n, generator=draw) < 0.5
        crops = torch.where(flip[:, None, None, None].to(crops.device), mirror_field(crops), crops)
    if training.shift > 0:
        moves = torch.randint(-training.shift, training.shift + 1, (2, n, 1), generator=draw)
        rows, columns = ((torch.arange(size)[None] + move).clamp(0, size - 1) for move in moves)
        each, both = torch.arange(n)[:, None, None, None], torch.arange(2)[None, :, None, None]
        crops = crops[each, both, rows[:, None, :, None], columns[:, None, None, :]]
    if training.gain > 1.0:
        power = 2.0 * torch.rand(n, 1, 1, 1, generator=draw) - 1.0
        crops = crops * (training.gain**power).to(crops.device)
    if training.noise_iod > 0.0:
        rough = torch.randn(n, 2, 8, 8, generator=draw).to(crops.device)
        smooth = functional.interpolate(rough, (size, size), mode="bicubic", align_corners=False)
        crops = crops + training.noise_iod * smooth
    return crops


def mirror_field(field: Tensor) -> Tensor:
    """Motion [N, 2, h, w] of the mirrored faces: columns reversed, u negated."""
    flipped = field.flip(-1)
    return torch.cat([-flipped[:, :1], flipped[:, 1:]], dim=1)


def _mix(seed: int, step: int) -> int:
    return int(np.random.SeedSequence([seed, step]).generate_state(1)[0])
