"""Spotting scored as MEGC 2020 does: one to one, at intersection over union >= 0.5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Interval = tuple[float, float]  # onset, offset in seconds (or frames, inclusive: see `extra`)


@dataclass(frozen=True, slots=True)
class SpotScore:
    """Counts over any number of recordings; rates follow from the counts."""

    tp: int
    fp: int
    fn: int

    def __add__(self, other: SpotScore) -> SpotScore:
        return SpotScore(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """TP / (TP + FP); 0 when nothing was spotted."""
        return self.tp / max(self.tp + self.fp, 1)

    @property
    def recall(self) -> float:
        """TP / (TP + FN); 0 when there is nothing to spot."""
        return self.tp / max(self.tp + self.fn, 1)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN); 0 when both lists are empty."""
        return 2 * self.tp / max(2 * self.tp + self.fp + self.fn, 1)


def overlap(a: Sequence[Interval], b: Sequence[Interval], extra: float = 0.0) -> NDArray:
    """Intersection over union [len(a), len(b)]; `extra` = 1 for inclusive frame numbers."""
    first = np.asarray(a, dtype=np.float64).reshape(-1, 1, 2)
    second = np.asarray(b, dtype=np.float64).reshape(1, -1, 2)
    low = np.maximum(first[..., 0], second[..., 0])
    high = np.minimum(first[..., 1], second[..., 1])
    both = np.maximum(high - low + extra, 0.0)
    either = (first[..., 1] - first[..., 0]) + (second[..., 1] - second[..., 0]) + 2 * extra - both
    return both / np.maximum(either, 1e-12)


def match_intervals(
    truth: Sequence[Interval],
    spotted: Sequence[Interval],
    least_iou: float = 0.5,
    extra: float = 0.0,
) -> list[tuple[int, int]]:
    """Pairs (truth, spotted): the largest one-to-one matching with IoU >= `least_iou`."""
    if not truth or not spotted:
        return []
    iou = overlap(truth, spotted, extra)
    # Many matches first, then good ones: a match is worth 1 plus a little for its overlap.
    worth = np.where(iou >= least_iou, 1.0 + 1e-3 * iou, 0.0)
    rows, columns = linear_sum_assignment(-worth)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if worth[r, c] > 0]


def score_intervals(
    truth: Sequence[Interval],
    spotted: Sequence[Interval],
    least_iou: float = 0.5,
    extra: float = 0.0,
) -> SpotScore:
    """Counts of one recording."""
    hits = len(match_intervals(truth, spotted, least_iou, extra))
    return SpotScore(hits, len(spotted) - hits, len(truth) - hits)
