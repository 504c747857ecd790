"""Micro-expressions as bumps: motion that rises and falls back within half a second.

For a moment s and a half-width h the bump of a region is the vector

    B(s, h) = r(s) - (r(s - h) + r(s + h)) / 2

which is the full height for a movement that comes back and zero for steady drift. What does not
come back, |r(s + h) - r(s - h)| / 2, is taken off: so a step (a smile that stays, a shift of pose)
scores nothing. A bump counts when it exceeds a multiple of the region's own recent noise.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import SpotterConfig
from spotting.series import MotionSeries

HALF_WIDTHS_S = np.array([0.05, 0.08, 0.12, 0.17, 0.23, 0.30])
_AROUND_S = np.concatenate([-HALF_WIDTHS_S, HALF_WIDTHS_S])
_NOISE_WIDTH = 2  # of HALF_WIDTHS_S: where the noise is learned
_NOISE_STEP_S = 0.05
_UNREST_S = (0.4, 1.1)  # before a bump, the face should be calm from ... to ... seconds
_UNREST_STEP_S = 0.015
_LEAST_AHEAD_S = 0.12  # at the end of a stream: less than this after a peak proves no return
PEAK_RADIUS_S = 0.15  # an apex is the highest bump this far to both sides


@dataclass(frozen=True, slots=True)
class Bump:
    """A peak of the bump statistic: the apex, roughly, and who moved."""

    time_s: float
    score: float  # over the threshold, >= 1
    half_width_s: float
    height_iod: NDArray[np.float64]  # [rows, 2]
    row_scores: NDArray[np.float64]  # [rows] over the threshold


class BumpDetector:
    """Finds bumps in a MotionSeries as its samples become final."""

    def __init__(self, config: SpotterConfig, eye_rows: NDArray[np.bool_]) -> None:
        rows = len(eye_rows)
        self._config = config
        self._limit_iod = np.where(eye_rows, config.blink_lid_iod, config.micro_max_iod)
        self._noise: deque[NDArray] = deque(maxlen=int(config.noise_memory_s / _NOISE_STEP_S))
        self._noise_s = -np.inf
        self._learned = 0
        self._unrest: deque[tuple[float, NDArray]] = deque()
        self._next = 0  # absolute number of the next sample to look at
        self._recent: deque[Bump] = deque()
        self._waiting: deque[Bump] = deque()  # over the threshold, not decided
        self._done_s = -np.inf  # peaks up to here are decided
        self.threshold_iod = np.full(rows, config.micro_min_iod / config.sensitivity)

    def advance(self, series: MotionSeries, flush: bool = False) -> list[Bump]:
        """Bumps that have become certain, in order of time."""
        found = []
        final = series.final.stop
        times = series.time_s[:final]
        look_ahead_s = _LEAST_AHEAD_S if flush else float(HALF_WIDTHS_S[-1])
        while (k := self._next - series.dropped) < final and (
            times[k] + look_ahead_s <= times[final - 1] + 1e-6
        ):
            self._next += 1
            if times[k] - HALF_WIDTHS_S[-1] >= times[0] - 1e-6:
                bump = self._measure(series, k)
                self._recent.append(bump)
                if bump.score >= 1.0:
                    self._waiting.append(bump)
            if self._recent:
                found += self._peaks(self._recent[-1].time_s)
        if flush:
            found += self._peaks(np.inf)
            self._recent.clear()
        return found

    def _measure(self, series: MotionSeries, k: int) -> Bump:
        now_s = float(series.time_s[k])
        around, head_around = _at(series, now_s + _AROUND_S)
        before, after = around[: len(HALF_WIDTHS_S)], around[len(HALF_WIDTHS_S) :]
        bumps = series.smooth[k] - 0.5 * (before + after)  # [H, rows, 2]
        change = after - before
        stays = np.hypot(change[..., 0], change[..., 1])
        height = np.hypot(bumps[..., 0], bumps[..., 1])
        middle = head_around[: len(HALF_WIDTHS_S)] + head_around[len(HALF_WIDTHS_S) :]
        head = series.head[k] - 0.5 * middle
        self._learn_noise(now_s, height[_NOISE_WIDTH])
        leak = self._config.head_leak * np.abs(head).sum(axis=1)
        net = height - 0.5 * stays - leak[:, None]
        unrest = self._config.unrest_factor * self._unrest_before(now_s, net.max(axis=0))
        scores = net / np.maximum(self.threshold_iod, unrest)
        # Too large for a micro-expression (eyes: a blink): it outdoes its neighbours as a peak and
        # is then dropped.
        scores[height > self._limit_iod] = np.inf
        best = int(scores.max(axis=1).argmax())
        return Bump(
            now_s,
            float(scores[best].max()),
            float(HALF_WIDTHS_S[best]),
            bumps[best],
            scores[best],
        )

    def _unrest_before(self, now_s: float, net: NDArray) -> NDArray:
        """Highest bump of each row shortly before, [rows]: speech and chewing make many alike."""
        kept = self._unrest
        if not kept or now_s >= kept[-1][0] + _UNREST_STEP_S:
            kept.append((now_s, net))
        while kept[0][0] < now_s - _UNREST_S[1]:
            kept.popleft()
        past = [height for time_s, height in kept if time_s <= now_s - _UNREST_S[0]]
        return np.max(past, axis=0) if past else np.zeros_like(net)

    def _learn_noise(self, now_s: float, height: NDArray) -> None:
        """Keep the median bump height of each row over the last seconds; set thresholds by it."""
        if now_s < self._noise_s + _NOISE_STEP_S:
            return
        self._noise_s = now_s
        self._noise.append(height)
        self._learned += 1
        if self._learned % 5 == 0 or self._learned < 5:
            c = self._config
            level = np.median(np.array(self._noise), axis=0)
            self.threshold_iod = (
                np.maximum(c.micro_min_iod, c.micro_noise_factor * level) / c.sensitivity
            )

    def _peaks(self, now_s: float) -> list[Bump]:
        """Local maxima of the statistic that no later sample can outdo."""
        found = []
        recent, waiting = self._recent, self._waiting
        while recent and recent[-1].time_s - recent[0].time_s > 3 * PEAK_RADIUS_S:
            recent.popleft()
        while waiting and waiting[0].time_s + PEAK_RADIUS_S <= now_s:
            bump = waiting.popleft()
            if bump.time_s <= self._done_s:
                continue
            near = [b for b in recent if abs(b.time_s - bump.time_s) <= PEAK_RADIUS_S]
            if bump is max(near, key=lambda b: b.score):
                self._done_s = bump.time_s + PEAK_RADIUS_S
                if np.isfinite(bump.score):
                    found.append(bump)
        return found


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
