"""The motion of one face on a regular grid of ticks: what a learned spotter looks at.

Frames come at any rate; a tick is made as soon as a frame after it is there, by interpolating
between the pooled samples on both sides. So what is seen does not depend on how frames were
delivered, and training sees exactly what streaming sees.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import REGION_NAMES
from streamer.core.records import FaceMotion

RATE_HZ = 50.0
POOL_S = 0.03  # frames this close are averaged: one at 30 fps, six at 200 fps
N_REGIONS = len(REGION_NAMES)
# Where each quantity lies in a row.
REGIONS = slice(0, 2 * N_REGIONS)  # displacement x, y of each region, IOD
HEAD = slice(2 * N_REGIONS, 2 * N_REGIONS + 6)  # path: x, y, scale, roll, yaw, pitch
BLINK, GAZE, COVER, LIGHT, VISIBLE, ANCHOR = range(HEAD.stop, HEAD.stop + 6)
LIDS = slice(ANCHOR + 1, ANCHOR + 3)  # how far each eye is open by the mesh, IOD
LIPS = LIDS.stop
TURN = slice(LIPS + 1, LIPS + 4)  # of the head by the mesh, rad
ROW = TURN.stop
_DARKEST = 1.0  # grey level
_NO_LIDS = 0.2  # where no mesh was measured yet: open eyes


def row_of(motion: FaceMotion) -> NDArray[np.float64]:
    """All that is read of a frame, [ROW]: continuous signals, not the gates made from them."""
    quality = motion.quality
    row = np.empty(ROW)
    row[REGIONS] = motion.displacement_iod.ravel()
    row[HEAD] = motion.head_iod
    row[BLINK], row[GAZE] = motion.blink, quality.gaze_shift_iod
    row[COVER], row[LIGHT] = quality.cover_change, math.log(max(quality.brightness, _DARKEST))
    row[VISIBLE], row[ANCHOR] = quality.visible, quality.new_anchor
    row[LIDS], row[LIPS], row[TURN] = _NO_LIDS, 0.0, 0.0
    if (mesh := motion.mesh) is not None:
        row[LIDS], row[LIPS], row[TURN] = mesh.lids_iod, mesh.lips_iod, mesh.turn_rad
    return row


class TickMaker:
    """Turns the rows of one face into ticks: time and row [ROW]."""

    def __init__(self) -> None:
        self._pool: deque[tuple[float, NDArray[np.float64]]] = deque()
        self._before: tuple[float, NDArray[np.float64]] | None = None
        self._next = 0  # number of the next tick, counted from time 0

    def push(
        self, time_s: float, row: NDArray[np.float64]
    ) -> Iterator[tuple[float, NDArray[np.float64]]]:
        """Ticks that have become known by this frame."""
        self._pool.append((time_s, row))
        while self._pool[0][0] < time_s - POOL_S + 1e-6:
            self._pool.popleft()
        time_s, pooled = self._pool[0]
        if len(self._pool) > 1:
            time_s = float(np.mean([t for t, _ in self._pool]))
            pooled = np.mean([v for _, v in self._pool], axis=0)
        yield from self._until(time_s, pooled)
        self._before = (time_s, pooled)

    def hold(self, seconds: float) -> Iterator[tuple[float, NDArray[np.float64]]]:
        """Ticks of a face that stays as it was last seen: for the end of a stream."""
        if self._before is not None:
            time_s, value = self._before
            yield from self._until(time_s + seconds, value)
            self._before = (time_s + seconds, value)

    def _until(
        self, time_s: float, value: NDArray[np.float64]
    ) -> Iterator[tuple[float, NDArray[np.float64]]]:
        if self._before is None:
            self._next = int(np.floor(time_s * RATE_HZ)) + 1
            return
        start_s, start = self._before
        while (tick_s := self._next / RATE_HZ) <= time_s:
            part = (tick_s - start_s) / max(time_s - start_s, 1e-9)
            yield tick_s, start + min(max(part, 0.0), 1.0) * (value - start)
            self._next += 1
