"""Bumps: motion that rises and falls back within half a second.

For a moment s and a half-width h the bump of a region is the vector

    B(s, h) = r(s) - (r(s - h) + r(s + h)) / 2

which is the full height for a movement that comes back and zero for steady drift. What does not
come back, |r(s + h) - r(s - h)| / 2, is taken off: so a step (a smile that stays, a shift of pose)
scores nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.motion.noise import NoiseFloor
from spotting.motion.rows import Rows
from spotting.motion.series import MotionSeries

HALF_WIDTHS_S = np.array([0.05, 0.08, 0.12, 0.17, 0.23, 0.30])
_AROUND_S = np.concatenate([-HALF_WIDTHS_S, HALF_WIDTHS_S])
_WIDTHS = len(HALF_WIDTHS_S)
_NOISE_WIDTH = 2  # of HALF_WIDTHS_S: where the noise is learned
_LEAST_AHEAD_S = 0.12  # at the end of a stream: less than this after a peak proves no return
_STILL_RAD = 0.05  # so far the mesh turns by itself
PEAK_RADIUS_S = 0.15  # a peak is the highest bump this far to both sides


@dataclass(frozen=True, slots=True)
class BumpMoment:
    """All that is measured around one moment; H half-widths."""

    time_s: float
    bumps_iod: NDArray[np.float64]  # [H, rows, 2]
    net_iod: NDArray[np.float64]  # [H, rows], what came back
    scores: NDArray[np.float64]  # [H, rows] over the noise
    threshold_iod: NDArray[np.float64]  # [rows]
    highest_iod: NDArray[np.float64]  # [rows], height of the highest bump, returned or not
    best_score: NDArray[np.float64]  # [rows]


class BumpMeter:
    """Measures the bumps of a MotionSeries as its samples become final. State: the noise."""

    def __init__(self, config: SpotterConfig, rows: Rows) -> None:
        self._head_leak = config.head_leak
        self._beside_speech = np.where(rows.lower, 1.0, config.speech_factor)
        self._head_noise = config.head_noise_iod_per_rad / config.sensitivity
        self._noise = NoiseFloor(len(rows.lower), config)
        self._next = 0  # absolute number of the next sample to look at

    @property
    def baseline_end_s(self) -> float:
        """Until when nothing may be reported; -inf without a baseline."""
        return self._noise.baseline_end_s

    def advance(self, series: MotionSeries, flush: bool = False) -> list[BumpMoment]:
        """The moments around which enough has become known."""
        moments = []
        final = series.final.stop
        times = series.time_s[:final]
        look_ahead_s = _LEAST_AHEAD_S if flush else float(HALF_WIDTHS_S[-1])
        while (k := self._next - series.dropped) < final and (
            times[k] + look_ahead_s <= times[final - 1] + TIE_S
        ):
            self._next += 1
            if times[k] - HALF_WIDTHS_S[-1] >= times[0] - TIE_S:
                moments.append(self._measure(series, k))
        return moments

    def _measure(self, series: MotionSeries, k: int) -> BumpMoment:
        now_s = float(series.time_s[k])
        around, head_around = _at(series, now_s + _AROUND_S)
        before, after = around[:_WIDTHS], around[_WIDTHS:]
        bumps = series.smooth[k] - 0.5 * (before + after)
        height = lengths(bumps)
        self._noise.push(now_s, height[_NOISE_WIDTH])
        head = series.context[k, :3] - 0.5 * (head_around[:_WIDTHS] + head_around[_WIDTHS:])
        leak = self._head_leak * np.add.reduce(np.abs(head), axis=1)
        net = height - 0.5 * lengths(after - before) - leak[:, None]
        threshold = np.maximum(self._noise.threshold_iod, self._head_noise * _turned(series, now_s))
        if series.context[k, -1]:
            threshold = threshold * self._beside_speech
        scores = net / threshold
        highest, best = np.maximum.reduce(height), np.maximum.reduce(scores)
        return BumpMoment(now_s, bumps, net, scores, threshold, highest, best)


class PeakFinder:
    """Local maxima of the bumps of some rows that no later sample can outdo."""

    def __init__(self, chosen: NDArray[np.bool_], rows: Rows, config: SpotterConfig) -> None:
        self.rows = chosen
        self._places, self._lids = np.flatnonzero(chosen), np.flatnonzero(chosen & rows.eyes)
        self._limit_iod, self._blink_iod = config.micro_max_iod, config.gates.blink_lid_iod
        self._recent: deque[tuple[float, float]] = deque()  # time and score
        self._waiting: deque[tuple[float, BumpMoment]] = deque()  # over the threshold
        self._done_s = -np.inf  # peaks up to here are known

    def has_blinked(self, moment: BumpMoment) -> bool:
        """Whether lids close farther than for anything but a blink; they may open wide."""
        if not self._lids.size:
            return False
        return bool((moment.bumps_iod[:, self._lids, 1] > self._blink_iod).any())

    def is_too_large(self, moment: BumpMoment) -> bool:
        """Whether a row moves too far for a micro-expression, or for anything but a blink."""
        too_far = bool((moment.highest_iod.take(self._places) > self._limit_iod).any())
        return too_far or self.has_blinked(moment)

    def push(self, moment: BumpMoment) -> list[BumpMoment]:
        """Take the next moment; returns the peaks that it makes certain."""
        # What is too large outdoes its neighbours as a peak and is then rejected.
        score = max(moment.best_score.take(self._places).tolist(), default=0.0)
        score = max(score, 0.0)
        score = np.inf if self.is_too_large(moment) else score
        self._recent.append((moment.time_s, score))
        while moment.time_s - self._recent[0][0] > 3 * PEAK_RADIUS_S:
            self._recent.popleft()
        if score >= 1.0:
            self._waiting.append((score, moment))
        return self.pop_until(moment.time_s)

    def pop_until(self, now_s: float) -> list[BumpMoment]:
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


def lengths(vectors: NDArray) -> NDArray[np.float64]:
    """Lengths [...] of vectors [..., 2]; np.hypot is several times slower."""
    x, y = vectors[..., 0], vectors[..., 1]
    squared = x * x
    squared += y * y
    return np.asarray(np.sqrt(squared, out=squared))


def _turned(series: MotionSeries, now_s: float) -> float:
    """How far the head turns around a moment, rad."""
    times = series.time_s[: series.final.stop]
    reach_s = float(HALF_WIDTHS_S[-1]) + TIE_S
    low, high = times.searchsorted((now_s - reach_s, now_s + reach_s))
    turn = series.context[low:high, 3:6]
    turned_rad = float(np.linalg.norm(np.maximum.reduce(turn) - np.minimum.reduce(turn)))
    return max(turned_rad - _STILL_RAD, 0.0)


def _at(series: MotionSeries, times_s: NDArray) -> tuple[NDArray, NDArray]:
    """Smoothed values [T, rows, 2] and head path [T, 3] at any times, linearly interpolated."""
    final = series.final.stop
    times = series.time_s[:final]
    high = np.minimum(np.maximum(times.searchsorted(times_s), 1), final - 1)
    low = high - 1
    low_s = times.take(low)
    part = (times_s - low_s) / (times.take(high) - low_s)
    part = np.minimum(np.maximum(part, 0.0), 1.0)[:, None]
    path = series.context[:, :3]
    value, head = series.smooth.take(low, axis=0), path.take(low, axis=0)
    rise = series.smooth.take(high, axis=0) - value
    head_rise = path.take(high, axis=0) - head
    return value + part[:, :, None] * rise, head + part * head_rise
