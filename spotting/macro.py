"""Macro-expressions: the face leaves its rest, and stays away for half a second or longer.

Read from the face mesh, which follows a head that turns without drift; the flow is for what is
smaller. A causal state machine with hysteresis: it opens where a region is farther from rest than
its own restlessness, the head's turn and speech explain, and closes where it is back.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig
from spotting.detector import Finding, Interval
from spotting.motion.history import MotionUpdate
from spotting.motion.rows import FACE_ROWS, moving_regions, with_symmetric_pairs
from streamer.core.records import Gate, MeshReading

_REST_S = 1.5  # how quickly the idea of rest follows a slow drift
_UNREST_S = 5.0  # and the idea of how restless a region is
_LEAST_UNREST = 3.0  # multiples of it that an expression must reach
_FOOT = 0.25  # onset: where the rise passes this share of the peak
_KEEP_S = 6.0
_POOL_S, _POOL_SPEAKING_S = 0.13, 0.7  # readings this close are averaged
_JAW = np.array([name in ("chin", "lip_lower", "lip_upper") for name in FACE_ROWS.names])


@dataclass(frozen=True, slots=True)
class Shape:
    """A face at one moment, pooled over the readings before it."""

    index: int
    time_s: float
    rows_iod: NDArray[np.float64]  # [rows, 2]
    turn_rad: NDArray[np.float64]  # [3]


@dataclass(frozen=True, slots=True)
class Rest:
    """Where the rows [rows, 2] and the head [3] are when nothing happens; how restless rows are."""

    rows_iod: NDArray[np.float64]
    turn_rad: NDArray[np.float64]
    unrest_iod: NDArray[np.float64]  # [rows]


@dataclass(slots=True)
class _Open:
    rest: Rest
    opened_s: float
    peak: float
    apex: Shape


class MacroDetector:
    """Watches one face for regions that leave rest and stay away."""

    def __init__(self, face_id: int, config: SpotterConfig) -> None:
        self._face_id, self._config = face_id, config
        self._readings: deque[MeshReading] = deque()
        self._shapes: deque[Shape] = deque()
        self._rest: Rest | None = None
        self._open: _Open | None = None
        self._speaking = False

    @property
    def is_moving(self) -> bool:
        """Whether a movement is under way."""
        return self._open is not None

    def detect(self, update: MotionUpdate) -> list[Finding]:
        """Movements that have ended, as spots or with the reason against them."""
        ended = None
        if update.motion is None:
            ended = self._end(update) if self._open is not None else None
        elif update.motion.mesh is not None:
            self._speaking = Gate.SPEECH in update.motion.gates
            if not self._readings or update.motion.mesh.time_s > self._readings[-1].time_s:
                ended = self._step(self._pooled(update.motion.mesh), update)
        return [ended] if ended is not None else []

    def _pooled(self, reading: MeshReading) -> Shape:
        """The mean of the last readings: of more of them where the mouth speaks."""
        self._readings.append(reading)
        while self._readings[0].time_s < reading.time_s - _POOL_SPEAKING_S - TIE_S:
            self._readings.popleft()
        near = [r for r in self._readings if r.time_s >= reading.time_s - _POOL_S - TIE_S]
        rows = np.mean([r.regions_iod for r in near], axis=0)
        if self._speaking:
            slow = np.mean([r.regions_iod for r in self._readings], axis=0)
            spoken = FACE_ROWS.lower[: len(rows)]
            rows[spoken] = slow[spoken]
        shape = Shape(
            reading.index,
            reading.time_s,
            with_symmetric_pairs(rows).astype(np.float64),
            np.mean([r.turn_rad for r in near], axis=0),
        )
        self._shapes.append(shape)
        while self._shapes[0].time_s < reading.time_s - _KEEP_S:
            self._shapes.popleft()
        return shape

    def _step(self, now: Shape, update: MotionUpdate) -> Finding | None:
        if self._rest is None:
            self._rest = Rest(now.rows_iod, now.turn_rad, np.zeros(len(now.rows_iod)))
        if self._open is None:
            away = self._scores(now, self._rest).max()
            if away > 1.0:
                self._open = _Open(self._rest, now.time_s, away, now)
            else:
                self._follow(now)
            return None
        away = self._scores(now, self._open.rest).max()
        if away > self._open.peak:
            self._open.peak, self._open.apex = away, now
        is_back = away < self._config.macro_close_fraction * self._open.peak
        if not is_back and now.time_s - self._open.opened_s < self._config.macro_max_s:
            return None
        return self._end(update)

    def _follow(self, now: Shape) -> None:
        """Rest and restlessness go along with a face that does nothing."""
        rest = self._rest
        assert rest is not None
        passed_s = now.time_s - self._shapes[-2].time_s if len(self._shapes) > 1 else 0.0
        share, slow = (1.0 - math.exp(-passed_s / s) for s in (_REST_S, _UNREST_S))
        far = np.hypot(*(now.rows_iod - rest.rows_iod).T)
        self._rest = Rest(
            rest.rows_iod + share * (now.rows_iod - rest.rows_iod),
            rest.turn_rad + share * (now.turn_rad - rest.turn_rad),
            rest.unrest_iod + slow * (far - rest.unrest_iod),
        )

    def _scores(self, now: Shape, rest: Rest) -> NDArray[np.float64]:
        """Distance of each row from rest over what it must be to count, [rows]."""
        c = self._config
        far = np.hypot(*(now.rows_iod - rest.rows_iod).T)
        least = np.maximum(c.macro_open_iod, _LEAST_UNREST * rest.unrest_iod)
        least = least / c.sensitivity
        least = least + c.macro_turn_leak * float(np.linalg.norm(now.turn_rad - rest.turn_rad))
        left_out = FACE_ROWS.eyes | (_JAW if self._speaking else False)
        return np.where(left_out, 0.0, far / least)

    def _end(self, update: MotionUpdate) -> Finding | None:
        """Close the open movement; None if it was as short as a micro-expression."""
        movement, self._open = self._open, None
        assert movement is not None  # callers look first
        last = self._shapes[-1]
        self._rest = Rest(last.rows_iod, last.turn_rad, movement.rest.unrest_iod)
        onset = movement.apex
        for shape in reversed(self._shapes):
            if shape.time_s < movement.apex.time_s:
                onset = shape
                if self._scores(shape, movement.rest).max() < _FOOT * movement.peak:
                    break
        if last.time_s - onset.time_s <= self._config.micro_max_s:
            return None
        interval = Interval(
            onset.time_s, movement.apex.time_s, last.time_s,
            onset.index, movement.apex.index, last.index,
        )  # fmt: skip
        if interval.apex_s <= update.baseline_end_s:
            return interval.rejected("baseline", movement.peak)
        gate = update.gates.voids_half(interval.onset_s, interval.offset_s)
        if gate is not None:
            return interval.rejected(gate.value, movement.peak)
        regions = moving_regions(self._scores(movement.apex, movement.rest))
        return interval.spot(self._face_id, "macro", movement.peak, regions)
