"""Stretches of a curve that stand out of what was before and of what comes after.

For an onset i and an offset j the height is the mean of the inner half less the higher of the two
levels around: the half second up to i, and that from j on. It is full for what rises, is held as
long as it likes, and falls; nothing for a step; and small for what goes to and fro, as speech does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AROUND_STEPS = 5  # before the onset and after the offset
SHORTEST_STEPS = 5
_FLANK_SHARE = 0.25  # of its length, at each end: not yet or no longer at full height
_ALMOST = 0.95  # of equally high stretches the shortest
_STEADY = 0.5  # a fifth of the inner half may sink below this share of the height
_HIGH, _LOW = 0.75, 0.25  # a flank is read between these shares of its own height
_FULL = 0.9  # the apex: so high for the first time
_BEYOND_STEPS = 3.0  # so far may the foot of a flank lie outside


@dataclass(frozen=True, slots=True)
class Stretch:
    """Places are steps of the curve."""

    curve: int
    onset: float
    apex: int
    offset: float
    height_iod: float
    cut: bool  # it began before the first step, or goes on after the last


def stretches(
    curves_iod: NDArray[np.float64],
    turn_rad: NDArray[np.float64],
    longest: int,
    from_start: bool,
    turn_leak: float,
) -> list[Stretch]:
    """The best stretches of curves [T, E] after which just enough has become known.

    One for each curve whose onset and offset lie inside, and, where `from_start` (the first step is
    the first of all), one that was there from the start. `turn_leak`: IOD of each radian, of the
    head's rotation vector [T, 3], that the head turns to and fro.
    """
    return _found(
        curves_iod, turn_rad, len(curves_iod) - AROUND_STEPS, longest, from_start, turn_leak
    )


def last_stretches(
    curves_iod: NDArray[np.float64], turn_rad: NDArray[np.float64], longest: int, turn_leak: float
) -> list[Stretch]:
    """The best ones that last to the end."""
    return _found(curves_iod, turn_rad, len(curves_iod) - 1, longest, False, turn_leak)


def _found(
    curves_iod: NDArray[np.float64],
    turn_rad: NDArray[np.float64],
    end: int,
    longest: int,
    from_start: bool,
    turn_leak: float,
) -> list[Stretch]:
    """Those with their offset at step `end`."""
    ends = end + AROUND_STEPS > len(curves_iod)
    begins = np.arange(end - SHORTEST_STEPS, max(end - longest, AROUND_STEPS - 1) - 1, -1)
    found: list[Stretch] = []
    sums = _Sums(np.hstack([curves_iod, turn_rad]))
    for onsets, cut in ((begins, ends), (np.zeros(1, dtype=int), True)):
        if cut and not ends and not (from_start and SHORTEST_STEPS <= end <= longest):
            continue
        if not len(onsets) or (ends and onsets[0] == 0):
            continue
        found += _best(curves_iod, sums, onsets, end, cut, turn_leak)
    return found


class _Sums:
    """Means over any run of steps, of curves and of the head's turn."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self._sums = np.vstack([np.zeros(values.shape[1]), np.cumsum(values, axis=0)])

    def mean(self, first: NDArray[np.intp], stop: NDArray[np.intp]) -> NDArray[np.float64]:
        """[N, columns] over the steps from `first` to `stop` [N], without the last."""
        return np.asarray((self._sums[stop] - self._sums[first]) / (stop - first)[:, None])


def _best(
    curves_iod: NDArray[np.float64],
    sums: _Sums,
    onsets: NDArray[np.intp],
    end: int,
    cut: bool,
    turn_leak: float,
) -> list[Stretch]:
    """Of stretches from `onsets` [N] to `end`, the best of each curve that is steady."""
    n_curves, last = curves_iod.shape[1], end + AROUND_STEPS > len(curves_iod)
    flank = np.maximum(np.rint(_FLANK_SHARE * (end - onsets)).astype(int), 1)
    first = onsets if cut and not last else onsets + flank
    stop = np.full(len(onsets), end + 1) if last else end - flank + 1
    inside = sums.mean(first, stop)
    around = []
    if not cut or last:
        around.append(sums.mean(onsets - AROUND_STEPS + 1, onsets + 1))
    if not last:
        around.append(sums.mean(np.full(1, end), np.full(1, end + AROUND_STEPS)))
    level = np.maximum(around[0], around[-1])[:, :n_curves]
    height = inside[:, :n_curves] - level
    turned = inside[:, n_curves:] - 0.5 * (around[0] + around[-1])[:, n_curves:]
    net = height - turn_leak * np.sqrt((turned * turned).sum(axis=1))[:, None]
    found = []
    for curve in np.flatnonzero(height.max(axis=0) > 0.0):
        best = int(np.argmax(height[:, curve] >= _ALMOST * height[:, curve].max()))
        inner = curves_iod[first[best] : stop[best], curve]
        low_iod = float(np.sort(inner)[len(inner) // 5]) - float(level[best, curve])
        if net[best, curve] > 0.0 and low_iod >= _STEADY * height[best, curve]:
            place = (int(first[best]), int(stop[best]))
            borders = (int(onsets[best]), end)
            levels = (
                None if cut and not last else float(around[0][best, curve]),
                None if last else float(around[-1][0, curve]),
            )
            top_iod = float(inside[best, curve])
            times = _times(curves_iod[:, curve], place, borders, levels, top_iod)
            found.append(Stretch(int(curve), *times, float(net[best, curve]), cut))
    return found


def _times(
    curve: NDArray[np.float64],
    inner: tuple[int, int],
    borders: tuple[int, int],
    levels: tuple[float | None, float | None],
    top_iod: float,
) -> tuple[float, int, float]:
    """Onset, apex and offset, from the steep parts of the flanks; None: there is no flank."""
    lowest = max(level for level in levels if level is not None)
    part = curve[inner[0] : inner[1]]
    high = inner[0] + np.flatnonzero(part >= lowest + _HIGH * (top_iod - lowest))
    onset, offset = float(borders[0]), float(borders[1])
    if levels[0] is not None:
        foot = float(high[0]) - _flank(curve[: high[0] + 1][::-1], levels[0], top_iod)
        onset = max(foot, onset - _BEYOND_STEPS, 0.0)
    if levels[1] is not None:
        foot = float(high[-1]) + _flank(curve[high[-1] :], levels[1], top_iod)
        offset = min(foot, offset + _BEYOND_STEPS, len(curve) - 1.0)
    full_iod = lowest + _FULL * (float(part.max()) - lowest)
    rise = curve[int(onset) : inner[1]]
    return onset, int(onset) + int(np.argmax(rise >= full_iod)), offset


def _flank(curve: NDArray[np.float64], level_iod: float, top_iod: float) -> float:
    """From place 0 (high) to the foot: one 25-to-75-% time beyond the 25-% crossing."""
    low = _crossing(curve, level_iod + _LOW * (top_iod - level_iod))
    return 2.0 * low - _crossing(curve, level_iod + _HIGH * (top_iod - level_iod))


def _crossing(curve: NDArray[np.float64], at_iod: float) -> float:
    """Where the curve first falls to a height, between steps; its end if it never does."""
    below = int(np.argmax(curve <= at_iod))
    if curve[below] > at_iod:
        return float(len(curve) - 1)
    if below == 0:
        return 0.0
    drop = float(curve[below - 1] - curve[below])
    return below - 1 + float(curve[below - 1] - at_iod) / drop
