"""True presentation time from the time stamps of a container, repaired where they are wrong.

The rules, for the time t of a frame with the raw time r (seconds from the first frame):

* t = r as long as r moves forward. A gap is true time: nothing was recorded there.
* A stamp that repeats, or falls back by less than one frame, is put half a frame after the frame
  before it; the frames after it keep their own times (a second one in a row starts a new count).
* A stamp that falls back further starts a new count: the frame follows one frame after the one
  before it, and an offset carries all later stamps along.
* A jump forward that no recording can hold starts a new count in the same way.
* Where a jump was one bad stamp only, the next frames return to their own times.
* A frame without a stamp follows one frame after the one before it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from statistics import median

LATE_START_S = 0.1  # a first time stamp later than this is reported
MAX_GAP_S = 3600.0  # a longer jump forward is a bad time stamp
MAX_OVERRUN_S = 10.0  # so is a jump of this length to this far beyond the declared end
RETURN_FRAMES = 3  # so many frames after a jump the stream may return to its own times
_DEFAULT_STEP_S = 1 / 25
_LONGEST_STEP_S = 1.0


class PresentationClock:
    """Turns time stamps into strictly increasing seconds; the first frame is at 0.

    `repair` is called with the name of each repair: `late_first_pts`, `missing_pts`,
    `repeated_pts`, `backward_pts`, `forward_pts`.
    """

    def __init__(
        self,
        repair: Callable[[str], None],
        declared_fps: float | None = None,
        declared_duration_s: float | None = None,
        starts_at_zero: bool = True,
        max_gap_s: float = MAX_GAP_S,
    ) -> None:
        """`starts_at_zero`: the container counts from 0, so that a late first stamp is odd."""
        self._repair = repair
        self._declared_step_s = min(1 / declared_fps, _LONGEST_STEP_S) if declared_fps else None
        self._step_s = self._declared_step_s or _DEFAULT_STEP_S
        self._end_s = declared_duration_s
        self._starts_at_zero = starts_at_zero
        self._max_gap_s = max_gap_s
        self._first_pts: int | None = None
        self._last_raw_s = 0.0
        self._last_s: float | None = None
        self._gaps_s: deque[float] = deque(maxlen=31)
        self._offset_s = 0.0
        self._own_offset_s = 0.0  # the offset before the last jump
        self._frames_since_jump = 0
        self._squeezed = False  # the frame before was put between two others

    def stamp(self, pts: int | None, time_base: Fraction, duration: int | None = None) -> float:
        """The time in seconds of the next frame.

        pts, duration: in units of `time_base`; None (or a duration of 0) where unknown.
        """
        self._frames_since_jump += 1
        time_s = self._place(pts, time_base, self._step(duration, time_base))
        if self._last_s is not None:
            time_s = max(time_s, math.nextafter(self._last_s, math.inf))
            self._gaps_s.append(time_s - self._last_s)
        self._last_s = time_s
        return time_s

    def _place(self, pts: int | None, time_base: Fraction, step_s: float) -> float:
        if pts is None:
            self._repair("missing_pts")
            return 0.0 if self._last_s is None else self._last_s + step_s
        if self._first_pts is None:
            return self._start(pts, time_base)
        # Dividing whole numbers is exact, too, and ten times as fast as with fractions.
        raw_s = (pts - self._first_pts) * time_base.numerator / time_base.denominator
        previous_raw_s, self._last_raw_s = self._last_raw_s, raw_s
        return self._follow(raw_s, previous_raw_s, step_s)

    def _start(self, pts: int, time_base: Fraction) -> float:
        self._first_pts = pts
        if self._starts_at_zero and pts * time_base > LATE_START_S:
            self._repair("late_first_pts")
        if self._last_s is None:
            return 0.0
        # Frames without a stamp came first: this frame follows them.
        self._offset_s = self._own_offset_s = self._last_s + self._step(None, time_base)
        return self._offset_s

    def _follow(self, raw_s: float, previous_raw_s: float, step_s: float) -> float:
        assert self._last_s is not None  # `_start` came first
        if self._frames_since_jump <= RETURN_FRAMES and self._fits(raw_s + self._own_offset_s):
            self._offset_s = self._own_offset_s
        time_s = raw_s + self._offset_s
        if self._fits(time_s):
            self._squeezed = False
            return time_s
        if time_s > self._last_s:
            self._repair("forward_pts")
        else:
            self._repair("repeated_pts" if raw_s == previous_raw_s else "backward_pts")
            if self._last_s - time_s < step_s and not self._squeezed:
                self._squeezed = True
                return self._last_s + step_s / 2
        return self._jump(raw_s, step_s)

    def _jump(self, raw_s: float, step_s: float) -> float:
        assert self._last_s is not None
        if self._frames_since_jump > RETURN_FRAMES:
            self._own_offset_s = self._offset_s
        self._frames_since_jump = 0
        self._offset_s = self._last_s + step_s - raw_s
        return self._last_s + step_s

    def _fits(self, time_s: float) -> bool:
        """Whether `time_s` can be the time of the next frame."""
        assert self._last_s is not None
        gap_s = time_s - self._last_s
        if gap_s <= 0 or gap_s > self._max_gap_s:
            return False
        overrun_s = time_s - self._end_s if self._end_s is not None else 0.0
        return not (gap_s > MAX_OVERRUN_S and overrun_s > MAX_OVERRUN_S)

    def _step(self, duration: int | None, time_base: Fraction) -> float:
        """The time from one frame to the next, as well as it is known."""
        numerator, denominator = time_base.numerator, time_base.denominator
        step_s = (duration or 0) * numerator / denominator
        if 0.0 < step_s <= _LONGEST_STEP_S:
            exact_s = self._declared_step_s
            # A duration is rounded to the time base; over thousands of frames that is seconds.
            rounded = exact_s is not None and abs(step_s - exact_s) < numerator / denominator
            return exact_s if rounded and exact_s is not None else step_s
        return min(median(self._gaps_s), _LONGEST_STEP_S) if self._gaps_s else self._step_s


class CaptureClock:
    """The time of capture: the camera's own stamps while they agree with the clock, else the clock.

    A camera stamps a frame when it is exposed, which is steadier than the moment it is read. Its
    stamps are trusted while they run forward and stay within `tolerance_s` of the clock.
    """

    def __init__(self, tolerance_s: float = 0.25) -> None:
        self._tolerance_s = tolerance_s
        self._origin: tuple[float, float] | None = None  # stamp, clock
        self._last_s = -math.inf
        self._trusted = True

    def stamp(self, stamp_s: float, clock_s: float) -> float:
        """Seconds since the first frame. stamp_s: from the camera (0 or less: none)."""
        if self._origin is None:
            self._origin = (stamp_s, clock_s)
            self._trusted = stamp_s > 0
        elapsed_s = clock_s - self._origin[1]
        own_s = stamp_s - self._origin[0]
        agrees = abs(own_s - elapsed_s) <= self._tolerance_s and own_s > self._last_s
        self._trusted = self._trusted and agrees
        self._last_s = max(
            own_s if self._trusted else elapsed_s, math.nextafter(self._last_s, math.inf)
        )
        return self._last_s
