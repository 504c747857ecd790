"""Which bumps stand out: the judge of the rule.

A bump counts when it exceeds a multiple of the region's own noise, and of whatever else that part
of the face does close in time: speech and chewing make many bumps alike, a micro-expression one.
Peaks are sought by themselves in what speech moves (mouth, chin, cheeks), in the brows, the lids
and the nose, so that none hides another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.motion.bumps import HALF_WIDTHS_S, BumpMoment, PeakFinder
from spotting.motion.rows import Rows

_ITSELF_S = 0.3  # so far to both sides all is the bump itself
_BEFORE_ITSELF_S = 0.32


@dataclass(frozen=True, slots=True)
class Bump:
    """A peak of the bump statistic: the apex, roughly, and who moved."""

    time_s: float
    score: float  # over the threshold; >= 1 unless it is rejected
    height_iod: NDArray[np.float64]  # [rows, 2]
    row_scores: NDArray[np.float64]  # [rows] over the threshold
    half_width_s: float
    rejected: str = ""  # why it is no micro-expression


class ActivityContext:
    """Remembers the highest bump of each part of the face at every moment of the last seconds."""

    def __init__(self, rows: Rows, config: SpotterConfig) -> None:
        parts = (rows.lower, rows.brows, rows.eyes, ~(rows.lower | rows.brows | rows.eyes))
        self._parts = [np.flatnonzero(part) for part in parts]
        self._part_of = np.argmax(parts, axis=0)  # [rows]
        self._before_s = config.activity_before_s
        self._keep_s = config.activity_before_s + config.activity_after_s + 0.5
        # How far after a bump must be known before it can be judged.
        self.ahead_s = 0.0 if config.low_latency else config.activity_after_s
        self._moments: deque[tuple[float, list[float]]] = deque()  # time, each part

    def push(self, now_s: float, net_iod: NDArray) -> None:
        """Net bump heights [rows] at `now_s`, the moment after the last one."""
        highest = [max([0.0, *net_iod.take(part).tolist()]) for part in self._parts]
        self._moments.append((now_s, highest))
        while self._moments[0][0] < now_s - self._keep_s:
            self._moments.popleft()

    def around(self, time_s: float) -> NDArray[np.float64]:
        """Highest other bump [rows] of the same part of the face, before and after `time_s`."""
        highest = [0.0] * len(self._parts)
        for moment_s, parts in self._moments:
            away_s = moment_s - time_s
            before = -self._before_s - TIE_S <= away_s <= -_BEFORE_ITSELF_S + TIE_S
            if before or _ITSELF_S - TIE_S <= away_s <= self.ahead_s + TIE_S:
                highest = [max(pair) for pair in zip(highest, parts, strict=True)]
        return np.array(highest)[self._part_of]


class BumpJudge:
    """Finds the peaks among bumps and judges them, once enough is known around them."""

    def __init__(self, config: SpotterConfig, rows: Rows) -> None:
        self._config = config
        self._rows = rows
        rest = ~(rows.spoken | rows.brows | rows.eyes)
        self._parts = [
            PeakFinder(part, rows, config) for part in (rows.spoken, rows.brows, rows.eyes, rest)
        ]
        self._activity = ActivityContext(rows, config)
        self._peaks: deque[tuple[PeakFinder, BumpMoment]] = deque()  # not yet judged

    def advance(
        self, moments: Iterable[BumpMoment], baseline_end_s: float, flush: bool = False
    ) -> list[Bump]:
        """Bumps that have become certain, the rejected ones among them."""
        found = []
        for moment in moments:
            self._activity.push(moment.time_s, np.maximum.reduce(moment.net_iod))
            for part in self._parts:
                self._peaks.extend((part, peak) for peak in part.push(moment))
            found += self._judge_until(moment.time_s, baseline_end_s)
        if flush:
            for part in self._parts:
                self._peaks.extend((part, peak) for peak in part.pop_until(np.inf))
            found += self._judge_until(np.inf, baseline_end_s)
        return found

    def _judge_until(self, now_s: float, baseline_end_s: float) -> list[Bump]:
        """Verdicts on the peaks around which enough is known at `now_s`."""
        found = []
        while self._peaks and self._peaks[0][1].time_s + self._activity.ahead_s <= now_s + TIE_S:
            found.append(self._judge(*self._peaks.popleft(), baseline_end_s))
        return found

    def _judge(self, part: PeakFinder, moment: BumpMoment, baseline_end_s: float) -> Bump:
        other = self._config.activity_factor * self._activity.around(moment.time_s)
        scores = moment.net_iod / np.maximum(moment.threshold_iod, other)
        reason = ""
        if part.is_too_large(moment):
            reason = "blink" if part.has_blinked(moment) else "large movement"
        elif moment.time_s <= baseline_end_s:
            reason = "baseline"
        elif scores[:, part.rows].max() < 1.0:
            reason = "speech" if part is self._parts[0] else "movement"
        if reason:
            scores = moment.scores
        best = int(scores[:, part.rows].max(axis=1).argmax())
        return Bump(
            moment.time_s,
            float(scores[best, part.rows].max()),
            moment.bumps_iod[best],
            scores[best],
            float(HALF_WIDTHS_S[best]),
            reason,
        )
