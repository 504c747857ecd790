"""Blinks: lids that have just come nearer to each other than they usually are.

The mesh of the face says how far the eyes are open, whatever the head does; how much their picture
changes says whether it was more than a lid that tightens.
"""

from __future__ import annotations

import math
from collections import deque

from spotting.config import TIE_S, GateConfig
from streamer.core.records import MeshReading

_LEAST_CLOSED = 0.02  # less is no movement of the lids at all
_LEAST_CHANGE = 0.04  # of the picture: lowered brows narrow the eyes, too, and change less
_PICTURE_WEIGHT = 0.25  # of a change of the picture, against the share by which the eyes closed
_LESS_IF_STILL = 0.05  # is asked for: then nothing else changes the picture of both eyes
_USUAL_S = 0.8  # how quickly the usual opening follows: eyes that stay narrow have not blinked
_NEAR_S = 0.12  # mesh and picture need not agree to the frame


class BlinkWatcher:
    """Watches the eyes of one face. State: their usual opening, and the last moments."""

    def __init__(self, config: GateConfig) -> None:
        self._least = config.blink_change
        self._usual_iod: float | None = None
        self._read_s = -math.inf
        self._closed = 0.0  # share of the usual opening that is gone
        self._changes: deque[tuple[float, float]] = deque()  # time, change of the picture

    def push(self, time_s: float, change: float, reading: MeshReading | None, still: bool) -> bool:
        """Whether the eyes blink, by the change of their picture and the last mesh.

        The picture tells more on a head that keeps `still`.
        """
        self._changes.append((time_s, change))
        while self._changes[0][0] < time_s - _NEAR_S - TIE_S:
            self._changes.popleft()
        if reading is not None and reading.time_s > self._read_s:
            self._read(reading)
        changed = max(one for _, one in self._changes)
        least = self._least - (_LESS_IF_STILL if still else 0.0)
        closed = self._closed > max(_LEAST_CLOSED, least - _PICTURE_WEIGHT * changed)
        return closed and changed > _LEAST_CHANGE

    def _read(self, reading: MeshReading) -> None:
        # Both eyes blink: the one that is less closed decides.
        open_iod = float(max(reading.lids_iod.tolist()))
        if self._usual_iod is None:
            self._usual_iod, self._read_s = open_iod, reading.time_s
        self._closed = 1.0 - open_iod / max(self._usual_iod, 1e-6)
        share = 1.0 - math.exp(-(reading.time_s - self._read_s) / _USUAL_S)
        self._usual_iod += share * (open_iod - self._usual_iod)
        self._read_s = reading.time_s
