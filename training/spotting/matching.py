"""Spotting scored as MEGC 2020 does: one to one, at intersection over union >= 0.5."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Interval = tuple[float, float]  # onset, offset in seconds (or frames, inclusive: see `extra`)
_ROUNDING = 1e-9  # an overlap of exactly the least one counts


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
    """Pairs (truth, spotted): the largest one-to-one matching with IoU >= `least_iou`.

    Of the largest matchings it is one with the highest sum of overlaps.
    """
    pairs: list[tuple[int, int]] = []
    for own, found in _groups(truth, spotted, extra):
        iou = overlap([truth[i] for i in own], [spotted[i] for i in found], extra)
        # A match more is worth more than any overlap: all overlaps together weigh less than one.
        worth = np.where(iou >= least_iou - _ROUNDING, 1.0 + iou / (1 + min(iou.shape)), 0.0)
        rows, columns = linear_sum_assignment(-worth)
        pairs += [(own[r], found[c]) for r, c in zip(rows, columns, strict=True) if worth[r, c] > 0]
    return sorted(pairs)


def _groups(
    truth: Sequence[Interval], spotted: Sequence[Interval], extra: float
) -> Iterator[tuple[list[int], list[int]]]:
    """Truths and spots that may overlap, group by group: long recordings cost no more than that."""
    everything = sorted(
        [(*interval, 0, i) for i, interval in enumerate(truth)]
        + [(*interval, 1, i) for i, interval in enumerate(spotted)]
    )
    group: tuple[list[int], list[int]] = ([], [])
    end = -np.inf
    for onset, offset, which, number in everything:
        if onset >= end + extra:
            if all(group):
                yield group
            group, end = ([], []), offset
        group[which].append(number)
        end = max(end, offset)
    if all(group):
        yield group


def score_intervals(
    truth: Sequence[Interval],
    spotted: Sequence[Interval],
    least_iou: float = 0.5,
    extra: float = 0.0,
) -> SpotScore:
    """Counts of one recording."""
    hits = len(match_intervals(truth, spotted, least_iou, extra))
    return SpotScore(hits, len(spotted) - hits, len(truth) - hits)
