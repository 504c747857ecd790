"""Onset, apex and offset of a bump, sharpened on the smoothed motion curve.

The foot of a slow rise drowns in noise, so it is not searched for: onset and offset are read from
the steep part of each flank. For a raised-cosine flank of length T the curve passes 25 % at T/3 and
75 % at 2T/3, so the foot lies one 25-to-75-% time before the 25-% crossing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spotting.detector import Interval
from spotting.micro.peaks import Bump
from spotting.motion.series import MotionSeries


def sharpen(series: MotionSeries, bump: Bump, reach_s: float) -> Interval:
    """The interval of a bump, at most `reach_s` to each side of its apex."""
    times = series.time_s[series.final]
    start, stop = np.searchsorted(times, (bump.time_s - reach_s, bump.time_s + reach_s))
    times = times[start:stop]
    curve = _projection(series.smooth[start:stop], bump)
    near = np.flatnonzero(np.abs(times - bump.time_s) <= max(0.08, bump.half_width_s * 0.6))
    apex = int(near[curve[near].argmax()])
    onset_s = times[apex] - flank_s(times[apex] - times[: apex + 1][::-1], curve[: apex + 1][::-1])
    offset_s = times[apex] + flank_s(times[apex:] - times[apex], curve[apex:])
    places = (nearest(times, onset_s), apex, nearest(times, offset_s))
    return Interval.of(times, series.index[start:stop], places)


def _projection(value: NDArray, bump: Bump) -> NDArray[np.float64]:
    """One curve [T]: motion along the bump's own direction, clearly moving rows counting more."""
    height = bump.height_iod.astype(np.float64)
    clear = np.where(bump.row_scores > 0.5 * bump.score, bump.row_scores, 0.0)
    direction = height * (clear / (np.hypot(height[:, 0], height[:, 1]) + 1e-9))[:, None]
    return np.einsum("trc,rc->t", value.astype(np.float64), direction)


def flank_s(distance_s: NDArray, curve: NDArray) -> float:
    """Length of the flank that falls away from index 0 (the apex); distances grow from 0."""
    bottom = int(curve.argmin()) if len(curve) > 1 else 0
    if bottom == 0:
        return 0.0
    flank = curve[: bottom + 1]
    level = (flank - flank[-1]) / max(float(flank[0] - flank[-1]), 1e-9)
    high = _crossing(distance_s, level, 0.75)
    low = _crossing(distance_s, level, 0.25)
    return float(np.clip(low + (low - high), distance_s[1], distance_s[bottom]))


def _crossing(distance_s: NDArray, level: NDArray, at: float) -> float:
    """Distance at which the level first falls below `at`, between samples."""
    below = int(np.argmax(level <= at))
    if below == 0:
        return 0.0
    drop = float(level[below - 1] - level[below])
    part = (float(level[below - 1]) - at) / max(drop, 1e-9)
    return float(distance_s[below - 1] + part * (distance_s[below] - distance_s[below - 1]))


def nearest(times: NDArray, time_s: float) -> int:
    """The place of the sample at a time."""
    return int(np.abs(times - time_s).argmin())
