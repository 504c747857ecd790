"""Notices a clock that stands still, or that runs at another rate than the recording declares."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from statistics import fmean, median

_MOST = 2000  # frames that are looked at
_LEAST = 25  # gaps below which nothing is said
_STANDS = 0.5  # share of gaps without any time
_EVEN, _SHARE_EVEN = 0.04, 0.9  # a constant factor: so many gaps differ from the usual one by this
_FACTOR = 1.15  # that is told; 24 and 25 frames a second are not the same either, but harmless
_SLOWEST_FPS, _FASTEST_FPS = 5.0, 480.0  # of a header; others are the ticks of a clock


class ClockCheck:
    """Looks at the time stamps of one recording, as they are in the file."""

    def __init__(self, declared_fps: Iterable[float | None]) -> None:
        """declared_fps: what container and stream say apart from the time stamps."""
        self._declared = [
            fps for fps in declared_fps if fps and _SLOWEST_FPS <= fps <= _FASTEST_FPS
        ]
        self._last: int | None = None
        self._gaps_s: list[float] = []
        self._frames = self._unstamped = 0
        self._tick_s = 0.0

    def note(self, pts: int | None, time_base: Fraction) -> None:
        """The next time stamp in order of presentation."""
        if self._frames >= _MOST:
            return
        self._frames += 1
        self._unstamped += pts is None
        self._tick_s = time_base.numerator / time_base.denominator
        if pts is not None and self._last is not None:
            self._gaps_s.append((pts - self._last) * self._tick_s)
        self._last = pts

    def sentence(self) -> str:
        """What is wrong with the clock; empty where nothing is."""
        if self._unstamped > _STANDS * self._frames:
            return (
                f"{self._unstamped} of {self._frames} frames have no usable time stamp: they were "
                "put at the distance of the declared rate. If that is wrong: --capture-fps RATE."
            )
        if len(self._gaps_s) < _LEAST:
            return ""
        standing = sum(abs(gap_s) < self._tick_s / 2 for gap_s in self._gaps_s)
        if standing >= _STANDS * len(self._gaps_s):
            return (
                f"The clock of the recording stands still at {standing + 1} of "
                f"{len(self._gaps_s) + 1} frames: they were put at the distance of its declared "
                "rate. If that is wrong: --capture-fps RATE."
            )
        return self._other_rate()

    def _other_rate(self) -> str:
        usual_s = median(self._gaps_s)
        slack_s = max(_EVEN * usual_s, 1.01 * self._tick_s)
        even = [gap_s for gap_s in self._gaps_s if abs(gap_s - usual_s) <= slack_s]
        if usual_s <= 0 or len(even) < _SHARE_EVEN * len(self._gaps_s):
            return ""
        shown_fps = 1 / fmean(even)
        for fps in self._declared:
            factor = fps / shown_fps
            if factor >= _FACTOR or factor <= 1 / _FACTOR:
                return (
                    f"The times of the recording are those of {shown_fps:.3g} frames a second, but "
                    f"it declares {fps:.4g}. Its times were used; if {fps:.4g} were taken, as in "
                    f"slow motion: --capture-fps {fps:.4g}."
                )
        return ""
