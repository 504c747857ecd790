"""The two clocks of a recording: that of the camera, and that of a player of the file.

Mostly they are the same but for a start. Where a rate of capture is known that the container does
not go by (slow motion, raw streams, headers that lie), frames are put at equal distances, with gaps
of whole frames where the container has gaps.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from statistics import quantiles

from streamer.sources.clock_check import ClockCheck
from streamer.sources.timing import PresentationClock

SAME_S = 0.0005  # clocks that differ by less agree: no file for players is more exact
_RECENT = 31  # gaps of which the usual one is known
_KNOWN = 8  # gaps that have to be known before a longer one is a gap
_EVEN = 0.2  # usual gaps differ by this share at most; else there is no grid to leave gaps in


class EvenClock:
    """Frame n of an even rate is at n / rate; a gap of k frames in the container counts as k."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._slot = -1
        self._place_s: float | None = None
        self._gaps_s: deque[float] = deque(maxlen=_RECENT)

    def stamp(self, place_s: float | None = None) -> float:
        """Seconds since the first frame. place_s: where the container has it, increasing."""
        gap_s = None
        if place_s is not None and self._place_s is not None:
            gap_s = place_s - self._place_s
        self._place_s = place_s
        self._slot += 1 if gap_s is None else self._frames_in(gap_s)
        return self._slot / self._fps

    def _frames_in(self, gap_s: float) -> int:
        frames = 1
        if len(self._gaps_s) >= _KNOWN:
            low, usual, high = quantiles(self._gaps_s, n=4)
            if usual > 0 and high - low <= _EVEN * usual:
                frames = max(1, round(gap_s / usual))
        self._gaps_s.append(gap_s / frames)
        return frames


class RecordingClock:
    """Stamps the frames of a recording in order of presentation.

    The time of a frame is that of its capture, from the first frame; beside it stands the place in
    the file where a player shows it, where that is another one.
    """

    def __init__(
        self,
        presentation: PresentationClock | None,
        even: EvenClock | None = None,
        zero_s: float = 0.0,
        check: ClockCheck | None = None,
        has_places: bool = True,
        least_s: float = SAME_S,
    ) -> None:
        """presentation: None where the container's times are of no use; then there is an `even`.

        zero_s: the container's time at which players begin to count. has_places: False for a live
        stream, of which nobody plays a file. least_s: a first frame that is less late is not late.
        """
        assert presentation is not None or even is not None
        self._has_places = has_places
        self._least_s = least_s
        self._presentation = presentation
        self._even = even
        self._zero_s = zero_s
        self._check = check
        self._start_s: float | None = None
        self.last_s = 0.0  # presentation time of the last frame, from the first

    def stamp(
        self, pts: int | None, time_base: Fraction, duration: int | None
    ) -> tuple[float, float | None]:
        """(time_s, media_s) of the next frame; media_s is None where it is the same."""
        if self._presentation is None:
            assert self._even is not None
            self.last_s = self._even.stamp()
            return self.last_s, None
        shown_s = self._presentation.stamp(pts, time_base, duration)
        if self._check is not None:
            self._check.note(pts, time_base)
        if self._start_s is None:
            self._start_s = self.place_of_first(pts, time_base)
        self.last_s = shown_s
        time_s = shown_s if self._even is None else self._even.stamp(shown_s)
        differs = self._even is not None or self._start_s > 0
        return time_s, self._start_s + shown_s if differs else None

    def place_of_first(self, pts: int | None, time_base: Fraction) -> float:
        """Where a player shows a first frame with this time stamp, in seconds."""
        if pts is None or not self._has_places:
            return 0.0
        start_s = pts * time_base.numerator / time_base.denominator - self._zero_s
        return start_s if start_s >= self._least_s else 0.0
