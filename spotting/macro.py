"""Macro-expressions: a departure from rest that lasts. A causal state machine with hysteresis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import SpotterConfig
from spotting.detector import Finding, Interval
from spotting.motion.history import MotionUpdate
from spotting.motion.rows import moving_regions
from spotting.motion.series import MotionSeries

_REST_S = 1.5  # how quickly the idea of rest follows a slow drift
_FOOT = 0.2  # onset: where the rise passes this share of the peak


@dataclass(frozen=True, slots=True)
class _Rest:
    """Where the regions [rows, 2] and the head [3] are when nothing happens."""

    value: NDArray[np.float64]
    head: NDArray[np.float64]

    def towards(self, other: _Rest, share: float) -> _Rest:
        return _Rest(
            self.value + share * (other.value - self.value),
            self.head + share * (other.head - self.head),
        )


@dataclass(slots=True)
class _Open:
    since: int  # absolute sample at which the threshold was passed
    rest: _Rest
    peak: float = 0.0
    apex: int = 0


@dataclass(frozen=True, slots=True)
class Departure:
    """A finished macro-movement, in absolute sample numbers of the series."""

    onset: int
    apex: int
    offset: int
    score: float
    row_scores: NDArray[np.float32]


class MacroDetector:
    """Watches one face for regions that leave rest and stay away."""

    def __init__(self, face_id: int, config: SpotterConfig) -> None:
        self._face_id, self._config = face_id, config
        self._threshold = config.macro_open_iod / config.sensitivity
        self._rest: _Rest | None = None
        self._before_s = 0.0
        self._open: _Open | None = None
        self._next = 0

    @property
    def is_moving(self) -> bool:
        """Whether a movement is under way."""
        return self._open is not None

    def detect(self, update: MotionUpdate) -> list[Finding]:
        """Movements that have ended, as spots or with the reason against them."""
        ended = self.advance(update.series, flush=update.motion is None)
        return [self._finding(departure, update) for departure in ended]

    def _finding(self, departure: Departure, update: MotionUpdate) -> Finding:
        series = update.series
        onset, apex, offset = (
            max(n - series.dropped, 0) for n in (departure.onset, departure.apex, departure.offset)
        )
        interval = Interval.of(series.time_s, series.index, (onset, apex, offset))
        if interval.apex_s <= update.baseline_end_s:
            return interval.rejected("baseline", departure.score)
        gate = update.gates.voids_half(interval.onset_s, interval.offset_s)
        if gate is not None:
            return interval.rejected(gate.value, departure.score)
        regions = moving_regions(departure.row_scores)
        return interval.spot(self._face_id, "macro", departure.score, regions)

    def advance(self, series: MotionSeries, flush: bool = False) -> list[Departure]:
        """Movements that ended within the newly final samples."""
        found = []
        while (k := self._next - series.dropped) < series.final.stop:
            ended = self._step(series, k)
            self._next += 1
            if ended is not None:
                found.append(ended)
        if flush and self._open is not None:
            ended = self._end(series, self._next - 1)
            found += [ended] if ended is not None else []
        return found

    def _step(self, series: MotionSeries, k: int) -> Departure | None:
        now, now_s = _at(series, k), float(series.time_s[k])
        if self._rest is None:
            self._rest, self._before_s = now, now_s
        if self._open is None:
            away = self._away(now, self._rest)
            if away > self._threshold:
                self._open = _Open(self._next, self._rest, away, self._next)
            else:
                follow = 1.0 - math.exp(-(now_s - self._before_s) / _REST_S)
                self._rest = self._rest.towards(now, follow)
            self._before_s = now_s
            return None
        self._before_s = now_s
        away = self._away(now, self._open.rest)
        if away > self._open.peak:
            self._open.peak, self._open.apex = away, self._next
        began_s = series.time_s[max(self._open.since - series.dropped, 0)]
        over = away < self._config.macro_close_fraction * self._open.peak
        if not over and now_s - began_s < self._config.macro_max_s:
            return None
        return self._end(series, self._next)

    def _away(self, now: _Rest, rest: _Rest) -> float:
        """Largest distance of a region from rest (IOD), less what the head itself explains."""
        away = now.value - rest.value
        away *= away
        far = math.sqrt((away[:, 0] + away[:, 1]).max())
        return far - self._config.head_leak * float(np.abs(now.head - rest.head).sum())

    def _end(self, series: MotionSeries, last: int) -> Departure | None:
        """Close the open movement; None if it was as short as a micro-expression."""
        movement, self._open = self._open, None
        assert movement is not None  # callers look first
        self._rest = _at(series, last - series.dropped)
        onset = movement.since
        while onset > series.dropped and (
            self._away(_at(series, onset - series.dropped), movement.rest) > _FOOT * movement.peak
        ):
            onset -= 1
        times = series.time_s
        if times[last - series.dropped] - times[onset - series.dropped] <= self._config.micro_max_s:
            return None
        apex = series.smooth[movement.apex - series.dropped] - movement.rest.value
        rows = np.hypot(apex[:, 0], apex[:, 1]) / self._threshold
        return Departure(
            onset, movement.apex, last, movement.peak / self._threshold, rows.astype(np.float32)
        )


def _at(series: MotionSeries, k: int) -> _Rest:
    return _Rest(series.smooth[k].astype(np.float64), series.head[k].astype(np.float64))
