"""The last seconds of one face's region motion, smoothed and with gated stretches held.

A sample becomes final only after a confirmation delay: by then it is known whether a blink began or
ended close by. Detectors that read final samples only give the same result however the frames were
delivered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S


class MotionSeries:
    """Ring of the last `keep_s` seconds. Rows are regions; values are displacements in IOD."""

    def __init__(self, rows: int, keep_s: float, smooth_s: float, confirm_s: float) -> None:
        self._keep_s, self._half_s = keep_s, smooth_s / 2
        self._confirm_s = max(confirm_s, self._half_s)
        self._raw = 0  # samples pushed
        self._final = 0  # of these, final
        self.dropped = 0  # samples dropped from the front so far
        self._gated_until_s = np.full(rows, -np.inf)
        self.time_s = np.empty(256)
        self.index = np.empty(256, dtype=np.int64)
        self.value = np.empty((256, rows, 2), dtype=np.float32)  # raw
        self.open = np.empty((256, rows), dtype=bool)  # False: gated
        # path of the head: x, y, turn (IOD, rad); how it is turned, by the mesh (rad, 3); speaking
        self.context = np.empty((256, 7))
        self.smooth = np.empty((256, rows, 2), dtype=np.float32)

    @property
    def raw(self) -> slice:
        """All samples, oldest first, as they were measured."""
        return slice(0, self._raw)

    @property
    def final(self) -> slice:
        """The final samples, oldest first."""
        return slice(0, self._final)

    def push(
        self,
        time_s: float,
        index: int,
        value: NDArray,
        context: NDArray,
        gated: NDArray[np.bool_],
        gate_margin_s: float,
    ) -> None:
        """Add a frame. Gates spread by the margin."""
        if self._raw == len(self.time_s):
            self._make_room(time_s)
        n = self._raw
        self.time_s[n], self.index[n], self.value[n] = time_s, index, value
        self.context[n] = context
        self.open[n] = True
        self._raw += 1
        if gated.any():
            near = self.time_s[:n].searchsorted(time_s - gate_margin_s - TIE_S)
            self.open[near : n + 1, gated] = False
            self._gated_until_s[gated] = time_s + gate_margin_s + TIE_S
        self.open[n] &= self._gated_until_s < time_s
        self._finish(time_s)

    def flush(self) -> None:
        """Make all samples final: nothing more will come."""
        self._finish(np.inf)

    def _finish(self, now_s: float) -> None:
        times = self.time_s[: self._raw]
        while self._final < self._raw and times[self._final] + self._confirm_s <= now_s + TIE_S:
            k = self._final
            now = float(times[k])
            low, high = times.searchsorted((now - self._half_s - TIE_S, now + self._half_s + TIE_S))
            only = high - low == 1
            near = self.value[low:high]
            self.smooth[k] = near[0] if only else np.add.reduce(near) / np.float32(high - low)
            if k > 0 and not self.open[k].all():
                held = ~self.open[k]
                self.smooth[k, held] = self.smooth[k - 1, held]
            self._final += 1

    def _make_room(self, now_s: float) -> None:
        """Drop what is older than `keep_s`; grow if that frees too little (high frame rates)."""
        start = int(np.searchsorted(self.time_s[: self._raw], now_s - self._keep_s))
        start = min(start, self._final)
        size = len(self.time_s)
        larger = size if start > size // 2 else 2 * size
        for name in ("time_s", "index", "value", "open", "context", "smooth"):
            old = getattr(self, name)
            new = np.empty((larger, *old.shape[1:]), dtype=old.dtype)
            new[: self._raw - start] = old[start : self._raw]
            setattr(self, name, new)
        self._raw -= start
        self._final -= start
        self.dropped += start
