"""Speech and chewing: lips that open and close again and again, as the mesh of the face tells."""

from __future__ import annotations

from collections import deque

from spotting.config import TIE_S, GateConfig
from streamer.core.records import MeshReading

_WINDOW_S = 2.0


class SpeechWatcher:
    """Counts how often one mouth has opened or closed by a clear step."""

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._turns_s: deque[float] = deque()
        self._direction = 0  # 1: opening, -1: closing, 0: not known yet
        self._extreme_iod: float | None = None  # the farthest in that direction
        self._read_s = 0.0

    def push(self, reading: MeshReading) -> None:
        """Take a mesh; one that is known already says nothing new."""
        if self._extreme_iod is not None and reading.time_s <= self._read_s:
            return
        self._read_s, open_iod = reading.time_s, reading.lips_iod
        if self._extreme_iod is None:
            self._extreme_iod = open_iod
        way = open_iod - self._extreme_iod
        if self._direction * way >= 0.0 and self._direction:
            self._extreme_iod = open_iod  # goes on
        elif abs(way) >= self._config.speech_lips_iod:
            self._direction = 1 if way > 0.0 else -1
            self._extreme_iod = open_iod
            self._turns_s.append(reading.time_s)

    def is_speaking(self, now_s: float) -> bool:
        """Whether the lips have opened or closed several times within the last two seconds."""
        while self._turns_s and self._turns_s[0] < now_s - _WINDOW_S - TIE_S:
            self._turns_s.popleft()
        return len(self._turns_s) >= self._config.speech_turns
