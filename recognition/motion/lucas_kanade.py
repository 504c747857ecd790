"""Lucas-Kanade flow (Lucas and Kanade, IJCAI 1981; coarse to fine, Bouguet 2000), dense.

In a window around every pixel one motion d is fitted to the brightness, least squares:

    (sum w g g' + ridge) d = -sum w g I_t,  g = (I_x, I_y)

The ridge leaves flat places where they are.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.motion.coarse_to_fine import Field, Slopes, coarse_to_fine

_WINDOW_PX = 3.0  # standard deviation of the window
_RIDGE = 1.0  # grey levels squared per pixel squared
_LONGEST_PX = 1.0  # of one step: the slopes hold no farther


def lucas_kanade(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Field:
    """The flow [H, W, 2] in pixels between two grey pictures."""
    return coarse_to_fine(first, second, _step)


def _step(slope: Slopes, flow: Field) -> Field:
    xx, xy, yy = (
        _window(a * b) for a, b in ((slope.x, slope.x), (slope.x, slope.y), (slope.y, slope.y))
    )
    xt, yt = _window(slope.x * slope.t), _window(slope.y * slope.t)
    xx, yy = xx + _RIDGE, yy + _RIDGE
    determinant = xx * yy - xy**2
    dx = (xy * yt - yy * xt) / determinant
    dy = (xy * xt - xx * yt) / determinant
    step = np.stack([dx, dy], axis=-1).clip(-_LONGEST_PX, _LONGEST_PX)
    return np.asarray(flow + step, dtype=np.float32)


def _window(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), _WINDOW_PX), dtype=np.float32)
