"""The last seconds of the meshes of one face, on a grid of steps, whenever they were measured."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S
from spotting.motion.rows import N_ROWS, with_symmetric_pairs
from streamer.core.records import MeshReading

STEP_S = 0.1
_KEEP_STEPS = 80
_POOL_S = 0.13  # readings this close are averaged


class MeshSeries:
    """Steps that have become known by a reading after them: straight lines between readings."""

    def __init__(self) -> None:
        self.start = 0  # absolute number of the first step that is kept
        self.time_s = np.empty(0)  # [T]
        self.rows_iod = np.empty((0, N_ROWS, 2))
        self.turn_rad = np.empty((0, 3))
        self._readings: deque[MeshReading] = deque()
        self._frames: deque[tuple[float, int]] = deque()  # time and number of each reading
        self._before: tuple[float, NDArray[np.float64], NDArray[np.float64]] | None = None

    @property
    def end(self) -> int:
        """Absolute number of the step after the last one."""
        return self.start + len(self.time_s)

    def push(self, reading: MeshReading | None) -> bool:
        """Take a reading; False: it is known already, or there is none."""
        if reading is None or (self._readings and reading.time_s <= self._readings[-1].time_s):
            return False
        self._readings.append(reading)
        while self._readings[0].time_s < reading.time_s - _POOL_S - TIE_S:
            self._readings.popleft()
        self._frames.append((reading.time_s, reading.index))
        time_s = float(np.mean([r.time_s for r in self._readings]))
        rows = np.mean([r.regions_iod for r in self._readings], axis=0)
        turn = np.mean([r.turn_rad for r in self._readings], axis=0)
        self._until(time_s, with_symmetric_pairs(rows).astype(np.float64), turn)
        return True

    def frame_at(self, time_s: float) -> int:
        """The frame at a time, by those that were read."""
        times, frames = zip(*self._frames, strict=True)
        return round(float(np.interp(time_s, times, frames)))

    def _until(self, time_s: float, rows: NDArray[np.float64], turn: NDArray[np.float64]) -> None:
        """The steps up to a pooled reading."""
        if self._before is None:
            self._before, self.time_s = (time_s, rows, turn), np.array([time_s])
            self.rows_iod, self.turn_rad = rows[None], turn[None]
            return
        before_s, old_rows, old_turn = self._before
        count = int((time_s - self.time_s[-1] + TIE_S) / STEP_S)
        times = self.time_s[-1] + STEP_S * np.arange(1, count + 1)
        part = np.clip((times - before_s) / max(time_s - before_s, TIE_S), 0.0, 1.0)
        self._before = (time_s, rows, turn)
        kept = slice(max(len(self.time_s) + count - _KEEP_STEPS, 0), None)
        self.start += kept.start
        self.time_s = np.concatenate([self.time_s, times])[kept]
        new = old_rows + part[:, None, None] * (rows - old_rows)
        self.rows_iod = np.concatenate([self.rows_iod, new])[kept]
        new_turn = old_turn + part[:, None] * (turn - old_turn)
        self.turn_rad = np.concatenate([self.turn_rad, new_turn])[kept]
        while len(self._frames) > 2 and self._frames[1][0] < self.time_s[0]:
            self._frames.popleft()
