"""The records of the training room: clips of the data sets and predictions on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Clip:
    """One annotated movement of a data set. Frame numbers are the data set's own.

    `id` is unique over all data sets: "<dataset>/<subject>/<name>"; scores are matched by it, never
    by position.
    """

    id: str
    dataset: str
    subject: str
    path: Path  # folder of frames, a video, or the motion map itself
    fps: float
    onset: int
    apex: int | None  # None: the data set gives none (SMIC); it has to be spotted
    offset: int
    emotion: str
    kind: str = "micro"
    extra: Mapping[str, str] = field(default_factory=dict)  # e.g. action units, as printed

    @property
    def group(self) -> str:
        """Whom a fold leaves out: subjects of different data sets never collide."""
        return f"{self.dataset}/{self.subject}"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be used, with the reason and the cure."""

    source: str  # file and row
    reason: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """What a loader returns."""

    name: str
    clips: tuple[Clip, ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer about a held-out clip."""

    clip_id: str
    subject: str  # the group that was left out
    truth: str
    probabilities: NDArray[np.float32]  # over the protocol's classes, in their order
