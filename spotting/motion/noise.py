"""The noise floor of one person, learned on line, and the thresholds that follow from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S, SpotterConfig

_STEP_S = 0.05
_EVERY = 5  # steps between two looks at the median
_LEAST_STEPS = 20  # one second: less tells nothing of a person


class NoiseFloor:
    """Median height of bumps per row over the last seconds, or over a neutral baseline."""

    def __init__(self, rows: int, config: SpotterConfig) -> None:
        self._config = config
        # A ring; a row's heights lie side by side, as the median wants them.
        self._heights = np.zeros((rows, max(1, int(config.noise_memory_s / _STEP_S))))
        self._last_s = -np.inf
        self._learned = 0
        self._first_s: float | None = None
        self.threshold_iod = np.full(rows, config.micro_min_iod / config.sensitivity)

    @property
    def baseline_end_s(self) -> float:
        """Until when nothing may be reported; -inf without a baseline, inf before its start."""
        if self._config.baseline_s == 0.0:
            return -np.inf
        return np.inf if self._first_s is None else self._first_s + self._config.baseline_s

    def push(self, now_s: float, height_iod: NDArray) -> None:
        """Learn from the bump heights [rows] around `now_s`, wherever they come from."""
        if self._first_s is None:
            self._first_s = now_s
        frozen = now_s > self.baseline_end_s > -np.inf and self._learned >= _LEAST_STEPS
        if frozen or now_s < self._last_s + _STEP_S - TIE_S:
            return
        self._last_s = now_s
        size = self._heights.shape[1]
        self._heights[:, self._learned % size] = height_iod
        self._learned += 1
        if self._learned % _EVERY == 0 or self._learned < _EVERY:
            c = self._config
            level = _medians(self._heights[:, : min(self._learned, size)])
            least = np.maximum(c.micro_min_iod, c.micro_noise_factor * level)
            self.threshold_iod = least / c.sensitivity


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians [rows] of values [rows, n]; np.median takes several times as long."""
    half = values.shape[1] // 2
    other = half - 1 + values.shape[1] % 2  # the same in an odd number of values
    ordered = np.partition(values, (other, half), axis=1)
    return np.asarray((ordered[:, other] + ordered[:, half]) / 2.0)
