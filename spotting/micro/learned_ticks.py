"""Region motion on a regular grid of ticks: what a learned spotter looks at.

Frames come at any rate; a tick is made as soon as a frame after it is there, by interpolating
between the pooled samples on both sides. So what is seen does not depend on how frames were
delivered, and training sees exactly what streaming sees.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import REGION_NAMES
from streamer.core.records import FaceMotion

RATE_HZ = 50.0
_POOL_S = 0.03  # frames this close are averaged: one at 30 fps, six at 200 fps
_HEAD_PX = 45.0  # head motion is counted in about this many aligned pixels (one IOD)
_FASTEST = 1.5  # IOD a second; beyond it tracking has slipped
INPUTS = 2 * len(REGION_NAMES) + 3  # velocity of regions (x, y) and head (x, y), blink


class TickMaker:
    """Turns the motions of one face into ticks: time and input vector [INPUTS]."""

    def __init__(self) -> None:
        self._pool: deque[tuple[float, NDArray[np.float64]]] = deque()
        self._before: tuple[float, NDArray[np.float64]] | None = None
        self._next = 0  # number of the next tick, counted from time 0
        self._last: NDArray[np.float64] | None = None

    def push(self, motion: FaceMotion) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """Ticks that have become known by this frame."""
        head = np.array(motion.head_px) / _HEAD_PX
        value = np.concatenate([motion.displacement_iod.ravel(), head, [motion.blink]])
        self._pool.append((motion.time_s, value.astype(np.float64)))
        while self._pool[0][0] < motion.time_s - _POOL_S + 1e-6:
            self._pool.popleft()
        time_s, pooled = self._pool[0]
        if len(self._pool) > 1:
            time_s = float(np.mean([t for t, _ in self._pool]))
            pooled = np.mean([v for _, v in self._pool], axis=0)
        yield from self._until(time_s, pooled)
        self._before = (time_s, pooled)

    def hold(self, seconds: float) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """Ticks of a face that stays as it was last seen: for the end of a stream."""
        if self._before is not None:
            time_s, value = self._before
            yield from self._until(time_s + seconds, value)
            self._before = (time_s + seconds, value)

    def _until(
        self, time_s: float, value: NDArray[np.float64]
    ) -> Iterator[tuple[float, NDArray[np.float32]]]:
        if self._before is None:
            self._next = int(np.floor(time_s * RATE_HZ)) + 1
            return
        start_s, start = self._before
        while (tick_s := self._next / RATE_HZ) <= time_s:
            part = (tick_s - start_s) / max(time_s - start_s, 1e-9)
            now = start + min(max(part, 0.0), 1.0) * (value - start)
            yield tick_s, self._inputs(now)
            self._next += 1

    def _inputs(self, now: NDArray[np.float64]) -> NDArray[np.float32]:
        speed = np.zeros(INPUTS) if self._last is None else (now - self._last) * RATE_HZ
        self._last = now
        inputs = np.clip(speed, -_FASTEST, _FASTEST)
        inputs[-1] = now[-1]  # the blink itself, not its change
        return inputs.astype(np.float32)
