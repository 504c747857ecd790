"""Straight lines through measurements, with the error that their scatter leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Line:
    """y = start + slope * x by least squares; `error` is half of the slope's 95 % interval."""

    slope: float
    error: float
    start: float


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line:
    """Least squares through at least three points of at least two different x.

    The interval is Student's for independent errors of equal size; a curve that is not straight
    widens it, as its misfit counts as scatter.

    Raises:
        ValueError: too few points.
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(xs) < 3 or len(xs) != len(ys) or np.ptp(xs) == 0.0:
        raise ValueError(
            f"{len(xs)} values of x and {len(ys)} of y: a slope with an error needs three pairs or "
            "more, at two different x or more"
        )
    away = xs - xs.mean()
    slope = float(away @ ys / (away @ away))
    start = float(ys.mean() - slope * xs.mean())
    left = ys - start - slope * xs
    free = len(xs) - 2
    spread = float(np.sqrt(left @ left / free / (away @ away)))
    return Line(slope, float(student.ppf(0.5 + _CONFIDENCE / 2, free)) * spread, start)


def fit_power(x: Sequence[float], y: Sequence[float]) -> Line:
    """y = exp(start) * x ** slope: the slope is the exponent of growth.

    Raises:
        ValueError: as `fit_line`, or a value that is not above 0.
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if not ((xs > 0).all() and (ys > 0).all()):
        raise ValueError("a power law needs values above 0")
    return fit_line(np.log(xs).tolist(), np.log(ys).tolist())


def block_medians(values: Sequence[float], blocks: int) -> NDArray[np.float64]:
    """Median of each of `blocks` consecutive stretches of nearly equal length.

    Samples of memory that follow each other are nearly the same one: a slope through all of them
    would look far more certain than it is.

    Raises:
        ValueError: fewer values than blocks.
    """
    if not 1 <= blocks <= len(values):
        raise ValueError(f"{len(values)} values do not fill {blocks} blocks")
    return np.array([np.median(part) for part in np.array_split(np.asarray(values), blocks)])
