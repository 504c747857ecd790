"""A Laplacian pyramid of a grey picture, and how far each of its levels may be magnified.

Wu et al., "Eulerian video magnification", SIGGRAPH 2012. Adding alpha times the change of the
brightness moves a wave of length lambda by 1 + alpha times its motion delta(t), as long as

    (1 + alpha) delta(t) < lambda / 8

Shorter waves, that is finer levels, are magnified less.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]  # [H, W]

_LEAST_PX = 8  # side of the smallest level
# The middle of the waves of the first level; their length doubles from one level to the next.
_FINEST_PX = 4.0


def levels_of(height: int, width: int) -> int:
    """How many levels a picture has, the rest included."""
    return max(1, int(np.log2(max(1.0, min(height, width) / _LEAST_PX))) + 1)


def laplacian(picture: Picture, levels: int) -> list[Picture]:
    """The levels from fine to coarse, the last one the rest; `collapse` gives the picture again."""
    found, rest = [], picture
    for _ in range(levels - 1):
        smaller = np.asarray(cv2.pyrDown(rest), dtype=np.float32)
        found.append(rest - _twice(smaller, rest))
        rest = smaller
    return [*found, rest]


def collapse(levels: Sequence[Picture]) -> Picture:
    """The picture of its levels."""
    picture = levels[-1]
    for level in reversed(levels[:-1]):
        picture = level + _twice(picture, level)
    return picture


def wavelength_px(level: int) -> float:
    """The length of the waves in the middle of a level, in pixels of the picture."""
    return _FINEST_PX * 2.0**level


def bounded(alpha: float, motion_px: float, level: int) -> float:
    """The largest factor up to `alpha` that keeps the bound on a level for a motion delta(t)."""
    if motion_px <= 0:
        return alpha
    return float(np.clip(wavelength_px(level) / (8.0 * motion_px) - 1.0, 0.0, alpha))


def factors(alpha: float, cutoff_px: float, levels: int) -> list[float]:
    """Of each level: `alpha` for waves of `cutoff_px` (lambda_c) and longer, less for shorter ones.

    The motion that the bound is kept for is the largest that waves of that length allow:
    delta = lambda_c / (8 (1 + alpha)).
    """
    motion_px = cutoff_px / (8.0 * (1.0 + alpha))
    return [bounded(alpha, motion_px, level) for level in range(levels)]


def _twice(smaller: Picture, like: Picture) -> Picture:
    height, width = like.shape
    return np.asarray(cv2.pyrUp(smaller, dstsize=(width, height)), dtype=np.float32)
