"""How much else moves around a bump: speech and chewing make many alike, a micro-expression one.

The face is judged in halves, because speech shakes the whole mouth and leaves the brows alone.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig

_ITSELF_S = 0.3  # so far to both sides all is the bump itself
_BEFORE_ITSELF_S = 0.32


class ActivityContext:
    """Remembers the highest bump of each half of the face at every moment of the last seconds."""

    def __init__(self, lower: NDArray[np.bool_], config: SpotterConfig) -> None:
        self._lower = lower
        self._before_s = config.activity_before_s
        self._keep_s = config.activity_before_s + config.activity_after_s + 0.5
        # How far after a bump must be known before it can be judged.
        self.ahead_s = 0.0 if config.low_latency else config.activity_after_s
        self._moments: deque[tuple[float, float, float]] = deque()  # time, lower, upper half

    def push(self, now_s: float, net_iod: NDArray) -> None:
        """Net bump heights [rows] at `now_s`, the moment after the last one."""
        lower, upper = net_iod[self._lower], net_iod[~self._lower]
        self._moments.append((now_s, float(lower.max(initial=0.0)), float(upper.max(initial=0.0))))
        while self._moments[0][0] < now_s - self._keep_s:
            self._moments.popleft()

    def around(self, time_s: float) -> NDArray[np.float64]:
        """Highest other bump [rows] of the same half of the face, before and after `time_s`."""
        low = high = 0.0
        for moment_s, lower, upper in self._moments:
            away_s = moment_s - time_s
            before = -self._before_s - TIE_S <= away_s <= -_BEFORE_ITSELF_S + TIE_S
            if before or _ITSELF_S - TIE_S <= away_s <= self.ahead_s + TIE_S:
                low, high = max(low, lower), max(high, upper)
        return np.where(self._lower, low, high)
