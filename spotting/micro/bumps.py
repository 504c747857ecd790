"""Micro-expressions as bumps: motion that rises and falls back within half a second.

For a moment s and a half-width h the bump of a region is the vector

    B(s, h) = r(s) - (r(s - h) + r(s + h)) / 2

which is the full height for a movement that comes back and zero for steady drift. What does not
come back, |r(s + h) - r(s - h)| / 2, is taken off: so a step (a smile that stays, a shift of pose)
scores nothing. A bump counts when it exceeds a multiple of the region's own noise, and of whatever
else that half of the face does close in time. Peaks are sought in each half of the face by itself,
so that a talking mouth does not hide the brows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.micro.activity import Unrest
from spotting.micro.noise import NoiseFloor
from spotting.motion.series import MotionSeries

HALF_WIDTHS_S = np.array([0.05, 0.08, 0.12, 0.17, 0.23, 0.30])
_AROUND_S = np.concatenate([-HALF_WIDTHS_S, HALF_WIDTHS_S])
_WIDTHS = len(HALF_WIDTHS_S)
_NOISE_WIDTH = 2  # of HALF_WIDTHS_S: where the noise is learned
_LEAST_AHEAD_S = 0.12  # at the end of a stream: less than this after a peak proves no return
PEAK_RADIUS_S = 0.15  # an apex is the highest bump this far to both sides


@dataclass(frozen=True, slots=True)
class Rows:
    """What kind of region each row of the series is, [rows] each."""

    eyes: NDArray[np.bool_]
    lower: NDArray[np.bool_]  # mouth, lips and chin


@dataclass(frozen=True, slots=True)
class Bump:
    """A peak of the bump statistic: the apex, roughly, and who moved."""

    time_s: float
    score: float  # over the threshold; >= 1 unless it is rejected
    height_iod: NDArray[np.float64]  # [rows, 2]
    row_scores: NDArray[np.float64]  # [rows] over the threshold
    half_width_s: float
    rejected: str = ""  # why it is no micro-expression


@dataclass(frozen=True, slots=True)
class _Moment:
    """All that is measured around one moment."""

    time_s: float
    bumps_iod: NDArray[np.float64]  # [H, rows, 2]
    net_iod: NDArray[np.float64]  # [H, rows], what came back
    scores: NDArray[np.float64]  # [H, rows] over the noise
    threshold_iod: NDArray[np.float64]  # [rows]


class _PeakFinder:
    """Local maxima of one half of the face that no later sample can outdo."""

    def __init__(self, rows: NDArray[np.bool_], limit_iod: NDArray[np.float64]) -> None:
        self.rows = rows
        self._limit_iod = limit_iod[rows]
        self._recent: deque[tuple[float, float]] = deque()  # time and score
        self._waiting: deque[tuple[float, _Moment]] = deque()  # over the threshold
        self._done_s = -np.inf  # peaks up to here are known

    def is_too_large(self, moment: _Moment) -> bool:
        """Whether a row moves too far for a micro-expression, or for anything but a blink."""
        return bool((_length(moment.bumps_iod[:, self.rows]) > self._limit_iod).any())

    def push(self, moment: _Moment) -> None:
        # What is too large outdoes its neighbours as a peak and is then rejected.
        score = float(moment.scores[:, self.rows].max(initial=0.0))
        score = np.inf if self.is_too_large(moment) else score
        self._recent.append((moment.time_s, score))
        while moment.time_s - self._recent[0][0] > 3 * PEAK_RADIUS_S:
            self._recent.popleft()
        if score >= 1.0:
            self._waiting.append((score, moment))

    def pop_until(self, now_s: float) -> list[_Moment]:
        """Peaks that are certain at `now_s`; of equals the first."""
        found = []
        while self._waiting and self._waiting[0][1].time_s + PEAK_RADIUS_S <= now_s + TIE_S:
            score, moment = self._waiting.popleft()
            if moment.time_s > self._done_s and all(
                other <= score
                for time_s, other in self._recent
                if abs(time_s - moment.time_s) <= PEAK_RADIUS_S + TIE_S
            ):
                self._done_s = moment.time_s + PEAK_RADIUS_S
                found.append(moment)
        return found


class BumpDetector:
    """Finds bumps in a MotionSeries as its samples become final."""

    def __init__(self, config: SpotterConfig, rows: Rows) -> None:
        self._config = config
        self._rows = rows
        limit_iod = np.where(rows.eyes, config.gates.blink_lid_iod, config.micro_max_iod)
        self._lower = _PeakFinder(rows.lower, limit_iod)
        self._upper = _PeakFinder(~rows.lower, limit_iod)
        self.unrest = Unrest(rows.lower, config)
        self.noise = NoiseFloor(len(rows.eyes), config)
        self._next = 0  # absolute number of the next sample to look at
        self._last_s = -np.inf  # the last moment that was measured
        self._peaks: deque[tuple[_PeakFinder, _Moment]] = deque()  # not yet judged

    def advance(self, series: MotionSeries, flush: bool = False) -> list[Bump]:
        """Bumps that have become certain, the rejected ones among them."""
        found = []
        final = series.final.stop
        times = series.time_s[:final]
        look_ahead_s = _LEAST_AHEAD_S if flush else float(HALF_WIDTHS_S[-1])
        while (k := self._next - series.dropped) < final and (
            times[k] + look_ahead_s <= times[final - 1] + TIE_S
        ):
            self._next += 1
            if times[k] - HALF_WIDTHS_S[-1] >= times[0] - TIE_S:
                self._take(self._measure(series, k))
                found += self._judge_until(self._last_s)
        if flush:
            found += self._judge_until(np.inf)
        return found

    def _take(self, moment: _Moment) -> None:
        self._last_s = moment.time_s
        self.unrest.push(moment.time_s, moment.net_iod.max(axis=0))
        self._lower.push(moment)
        self._upper.push(moment)

    def _measure(self, series: MotionSeries, k: int) -> _Moment:
        now_s = float(series.time_s[k])
        around, head_around = _at(series, now_s + _AROUND_S)
        before, after = around[:_WIDTHS], around[_WIDTHS:]
        bumps = series.smooth[k] - 0.5 * (before + after)
        height = _length(bumps)
        self.noise.push(now_s, height[_NOISE_WIDTH])
        head = series.head[k] - 0.5 * (head_around[:_WIDTHS] + head_around[_WIDTHS:])
        leak = self._config.head_leak * np.abs(head).sum(axis=1)
        net = height - 0.5 * _length(after - before) - leak[:, None]
        threshold = self.noise.threshold_iod
        return _Moment(now_s, bumps, net, net / threshold, threshold)

    def _judge_until(self, now_s: float) -> list[Bump]:
        """Verdicts on the peaks around which enough is known at `now_s`."""
        for moment in self._lower.pop_until(now_s):
            self.unrest.note_mouth(moment.time_s)
            self._peaks.append((self._lower, moment))
        self._peaks.extend((self._upper, moment) for moment in self._upper.pop_until(now_s))
        found = []
        while self._peaks and self._peaks[0][1].time_s + self.unrest.ahead_s <= now_s + TIE_S:
            found.append(self._judge(*self._peaks.popleft()))
        return found

    def _judge(self, half: _PeakFinder, moment: _Moment) -> Bump:
        unrest = self._config.unrest_factor * self.unrest.around(moment.time_s)
        scores = moment.net_iod / np.maximum(moment.threshold_iod, unrest)
        reason = ""
        if half.is_too_large(moment):
            reason = self._too_large(moment)
        elif moment.time_s <= self.noise.baseline_end_s:
            reason = "baseline"
        elif scores[:, half.rows].max() < 1.0:
            reason = "speech" if half is self._lower else "movement"
        if reason:
            scores = moment.scores
        best = int(scores[:, half.rows].max(axis=1).argmax())
        return Bump(
            moment.time_s,
            float(scores[best, half.rows].max()),
            moment.bumps_iod[best],
            scores[best],
            float(HALF_WIDTHS_S[best]),
            reason,
        )

    def _too_large(self, moment: _Moment) -> str:
        lids = _length(moment.bumps_iod[:, self._rows.eyes])
        blinked = (lids > self._config.gates.blink_lid_iod).any()
        return "blink" if blinked else "large movement"


def _length(vectors: NDArray) -> NDArray[np.float64]:
    """Lengths [...] of vectors [..., 2]; np.hypot is several times slower."""
    x, y = vectors[..., 0], vectors[..., 1]
    return np.sqrt(x * x + y * y)


def _at(series: MotionSeries, times_s: NDArray) -> tuple[NDArray, NDArray]:
    """Smoothed values [T, rows, 2] and head path [T, 3] at any times, linearly interpolated."""
    final = series.final.stop
    times = series.time_s[:final]
    high = np.clip(np.searchsorted(times, times_s), 1, final - 1)
    low = high - 1
    span = times[high] - times[low]
    part = np.clip((times_s - times[low]) / span, 0.0, 1.0)
    value = series.smooth[low] + part[:, None, None] * (series.smooth[high] - series.smooth[low])
    head = series.head[low] + part[:, None] * (series.head[high] - series.head[low])
    return value, head
