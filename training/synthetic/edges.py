"""Smoothing that stops at edges: the fast global smoother (Min et al. 2014).

Each round solves (I + reach * A) u = f along every row, then along every column, where A is the
Laplacian of neighbours weighted by exp(-|difference in the guide| / edge_levels); the next round
has a quarter of the reach. The same as OpenCV's `cv2.ximgproc.fastGlobalSmootherFilter`, which is
in its contrib package only, to within rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

_ROUNDS, _SHRINK = 2, 0.25


def smooth_globally(
    planes: NDArray[np.float32], guide: NDArray[np.uint8], reach: float, edge_levels: float
) -> NDArray[np.float32]:
    """The planes [H, W, C], smoothed up to the edges of the guide [H, W].

    Args:
        reach: how strongly neighbours are pulled together (lambda of the paper).
        edge_levels: the difference in the guide, in grey levels, at which they are pulled together
            by 1/e as much (sigma of the paper).
    """
    smooth = planes.astype(np.float64)
    for _ in range(_ROUNDS):
        smooth = _along_rows(smooth, guide, reach, edge_levels)
        turned = np.ascontiguousarray(smooth.swapaxes(0, 1))
        smooth = _along_rows(turned, guide.T, reach, edge_levels).swapaxes(0, 1)
        reach *= _SHRINK
    return smooth.astype(np.float32)


def _along_rows(
    planes: NDArray[np.float64], guide: NDArray[np.uint8], reach: float, edge_levels: float
) -> NDArray[np.float64]:
    """One pass: all rows at once as one tridiagonal system, uncoupled where a row ends."""
    pull = np.zeros(guide.shape)
    steps = np.abs(np.diff(guide.astype(np.float64), axis=1))
    pull[:, :-1] = reach * np.exp(-steps / edge_levels)
    to_next = pull.ravel()
    to_last = np.concatenate([[0.0], to_next[:-1]])
    system = np.stack([-to_last, 1.0 + to_next + to_last])
    return np.asarray(solveh_banded(system, planes.reshape(guide.size, -1)).reshape(planes.shape))
