"""Pairs of faces to learn motion from: synthetic ones with their truth, or two frames of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognition.motion.selfme.layers import warp
from training.selfme.motion_config import AugmentConfig, PairChoice
from training.synthetic.pairs import Pairs

_INVERSIONS = 3
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True, eq=False)
class MotionBatch:
    """Faces in 0..1 and, where it is known, the true motion onset -> apex in pixels."""

    onset: Tensor  # [N, 3, S, S]
    apex: Tensor
    motion: Tensor | None = None  # [N, 2, S, S]
    known: Tensor | None = None  # [N, S, S], 0 or 1


class PairSource(Protocol):
    """Where pairs come from. What it hands out depends on its arguments alone."""

    @property
    def digest(self) -> str:
        """Changes with the data."""

    def __len__(self) -> int: ...

    def take(self, rows: NDArray[np.int64], rng: np.random.Generator) -> MotionBatch:
        """The pairs of these rows."""


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticSource:
    """Drawn pairs; their motion is known."""

    pairs: Pairs

    @property
    def digest(self) -> str:
        return f"pairs:{len(self.pairs)}:{int(self.pairs.apex[:, ::17, ::17].sum())}"

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, rows: NDArray[np.int64], rng: np.random.Generator) -> MotionBatch:
        part = self.pairs.part(rows)
        motion = torch.from_numpy(part.motion.astype(np.float32)).permute(0, 3, 1, 2)
        known = torch.from_numpy(part.known.astype(np.float32))
        return MotionBatch(to_float(part.onset), to_float(part.apex), motion, known)


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The aligned faces of one clip, all under one transform."""

    name: str
    faces: NDArray[np.uint8]  # [T, S, S, 3]
    time_s: NDArray[np.float64]  # [T]
    onset_s: float
    apex_s: float


@dataclass(frozen=True, slots=True, eq=False)
class StackSource:
    """Two frames of each clip, at random or around onset and apex."""

    stacks: Sequence[Stack]
    choice: PairChoice

    @property
    def digest(self) -> str:
        total = sum(int(stack.faces[:, ::17, ::17].sum()) for stack in self.stacks)
        return f"clips:{len(self.stacks)}:{total}"

    def __len__(self) -> int:
        return len(self.stacks)

    def take(self, rows: NDArray[np.int64], rng: np.random.Generator) -> MotionBatch:
        chosen = [(self.stacks[i], *choose_frames(self.stacks[i], self.choice, rng)) for i in rows]
        onset = np.stack([stack.faces[first] for stack, first, _ in chosen])
        apex = np.stack([stack.faces[second] for stack, _, second in chosen])
        return MotionBatch(to_float(onset), to_float(apex))


def choose_frames(stack: Stack, choice: PairChoice, rng: np.random.Generator) -> tuple[int, int]:
    """Two different frames (the same one where a clip has no other)."""
    count = len(stack.faces)
    if choice.way == "random" or count < 2:
        first, second = rng.choice(count, 2, replace=count < 2)
        return int(first), int(second)
    at_s = np.array([stack.onset_s, stack.apex_s])
    at_s = at_s + rng.uniform(-choice.jitter_s, choice.jitter_s, 2)
    first, second = (int(np.abs(stack.time_s - t).argmin()) for t in at_s)
    if first == second:
        second = min(first + 1, count - 1) if first + 1 < count else first - 1
    return first, second


def to_float(images: NDArray[np.uint8]) -> Tensor:
    """uint8 [N, S, S, 3] -> float [N, 3, S, S] in 0..1, as `MotionLearner.normalise`."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255.0


def augment(batch: MotionBatch, config: AugmentConfig, rng: np.random.Generator) -> MotionBatch:
    """Mirrored, exchanged, recoloured and grey pairs, at random."""
    count = batch.onset.shape[0]
    mirrored = torch.from_numpy(rng.random(count) < config.mirror)
    exchanged = torch.from_numpy(rng.random(count) < config.exchange)
    batch = _exchange(_mirror(batch, mirrored), exchanged)
    gain = torch.from_numpy(np.exp(rng.normal(0.0, config.colour, (count, 3, 1, 1)))).float()
    offset = torch.from_numpy(rng.normal(0.0, 0.5 * config.colour, (count, 3, 1, 1))).float()
    grey = torch.from_numpy(rng.random(count) < config.grey)
    onset, apex = (_recolour(image, gain, offset, grey) for image in (batch.onset, batch.apex))
    return MotionBatch(onset, apex, batch.motion, batch.known)


def _mirror(batch: MotionBatch, which: Tensor) -> MotionBatch:
    pick = which[:, None, None, None]
    onset, apex = (torch.where(pick, x.flip(-1), x) for x in (batch.onset, batch.apex))
    if batch.motion is None or batch.known is None:
        return MotionBatch(onset, apex)
    sign = torch.tensor([-1.0, 1.0])[:, None, None]
    motion = torch.where(pick, batch.motion.flip(-1) * sign, batch.motion)
    return MotionBatch(
        onset, apex, motion, torch.where(pick[:, 0], batch.known.flip(-1), batch.known)
    )


def _exchange(batch: MotionBatch, which: Tensor) -> MotionBatch:
    """Apex -> onset is the inverse motion: m'(u) = -m(u + m'(u)), by iteration."""
    pick = which[:, None, None, None]
    onset = torch.where(pick, batch.apex, batch.onset)
    apex = torch.where(pick, batch.onset, batch.apex)
    if batch.motion is None or batch.known is None or not bool(which.any()):
        return MotionBatch(onset, apex, batch.motion, batch.known)
    back = -batch.motion
    for _ in range(_INVERSIONS):
        back = -warp(batch.motion, back)
    known = (warp(batch.known[:, None], back)[:, 0] > 0.99).float()
    return MotionBatch(
        onset,
        apex,
        torch.where(pick, back, batch.motion),
        torch.where(pick[:, 0], known, batch.known),
    )


def _recolour(image: Tensor, gain: Tensor, offset: Tensor, grey: Tensor) -> Tensor:
    changed = image * gain + offset
    shade = (changed * changed.new_tensor(_GREY)[:, None, None]).sum(dim=1, keepdim=True)
    chosen = torch.where(grey[:, None, None, None], shade.expand_as(changed), changed)
    return chosen.clamp(0.0, 1.0)
