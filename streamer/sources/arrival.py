"""Times of frames that carry none and arrive as they are taken: MJPEG over HTTP.

A frame arrives after it was taken, by a delay that varies with the network. The clock follows the
frames that were delayed least: from one frame to the next it goes on by the usual distance, and is
corrected towards the arrival, never behind it by more than `WITHIN_S` and never ahead of it.
"""

from __future__ import annotations

from collections import deque
from statistics import median

WITHIN_S = 0.04  # of the arrival; a later frame was taken later
_GAIN = 0.05  # share of what is missing that is made up for with each frame
_RECENT = 30  # distances that tell the usual one
_LEAST_STEP_S = 0.001  # of frames that were held up and arrive at once


class ArrivalClock:
    """Turns moments of arrival into strictly increasing seconds; the first frame is at 0.

    State: the last time, and the last distances of arrivals.
    """

    def __init__(self) -> None:
        self._origin_s: float | None = None
        self._arrived_s = 0.0
        self._last_s = 0.0
        self._steps_s: deque[float] = deque(maxlen=_RECENT)

    def stamp(self, clock_s: float) -> float:
        """The time of the frame that arrived when a steady clock showed `clock_s`."""
        if self._origin_s is None:
            self._origin_s = clock_s
            return 0.0
        arrived_s = clock_s - self._origin_s
        self._steps_s.append(arrived_s - self._arrived_s)
        self._arrived_s = arrived_s
        expected_s = self._last_s + self._usual_step_s()
        late_s = arrived_s - expected_s
        time_s = min(max(expected_s + _GAIN * late_s, arrived_s - WITHIN_S), arrived_s)
        self._last_s = max(time_s, self._last_s + _LEAST_STEP_S)
        return self._last_s

    def _usual_step_s(self) -> float:
        """The mean of the last distances without pauses: their sum keeps the rate, jitter not."""
        most_s = 2.5 * median(self._steps_s)
        usual = [step_s for step_s in self._steps_s if step_s <= most_s]
        return sum(usual) / len(usual)
