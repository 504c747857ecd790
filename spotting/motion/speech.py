"""Speech and chewing: a mouth that moves again and again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from spotting.config import TIE_S, SpotterConfig
from spotting.motion.bumps import BumpMoment, PeakFinder
from spotting.motion.rows import FACE_ROWS

_WINDOW_S = 2.0


class SpeechWatcher:
    """Counts the peaks of one mouth, whatever becomes of them as micro-expressions."""

    def __init__(self, config: SpotterConfig) -> None:
        self._least = config.gates.speech_bumps
        self._mouth = PeakFinder(FACE_ROWS.lower, FACE_ROWS, config)
        self._peaks_s: deque[float] = deque()

    def push(self, moments: Iterable[BumpMoment]) -> None:
        """Take what has become known of the face's bumps."""
        for moment in moments:
            self._peaks_s.extend(peak.time_s for peak in self._mouth.push(moment))

    def is_speaking(self, now_s: float) -> bool:
        """Whether the mouth has peaked several times within the last two seconds."""
        while self._peaks_s and self._peaks_s[0] < now_s - _WINDOW_S - TIE_S:
            self._peaks_s.popleft()
        return len(self._peaks_s) >= self._least
