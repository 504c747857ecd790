"""Flow from coarse to fine: what small-motion methods need to measure more than a pixel or two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]  # [H, W], grey levels around their local mean
Field = NDArray[np.float32]  # [H, W, 2], x and y

_LEAST_PX = 16  # side of the coarsest level
_WARPS = 3  # at each level
_LOCAL = 0.047  # of the shorter side: the surroundings whose mean brightness is taken out
_SIGMA_PX = 0.8  # both pictures are smoothed a little: their slope is taken from neighbours


@dataclass(frozen=True, slots=True)
class Slopes:
    """The first picture against the second, which is moved back by the flow so far."""

    x: Grey
    y: Grey
    t: Grey  # second minus first


Refine = Callable[[Slopes, Field], Field]  # slopes and the flow so far -> a better flow


def coarse_to_fine(first: NDArray[np.uint8], second: NDArray[np.uint8], refine: Refine) -> Field:
    """The flow [H, W, 2] in pixels between two grey pictures, at the pixels of the first."""
    pictures = [_halves(picture) for picture in (first, second)]
    flow = np.zeros((*pictures[0][-1].shape, 2), dtype=np.float32)
    for one, two in zip(reversed(pictures[0]), reversed(pictures[1]), strict=True):
        flow = _resized(flow, one.shape)
        for _ in range(_WARPS):
            flow = refine(slopes(one, two, flow), flow)
    return flow


def slopes(first: Grey, second: Grey, flow: Field) -> Slopes:
    """Slopes of the mean of both, which are those at half the motion that is left."""
    height, width = first.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    back = cv2.remap(
        second,
        x + flow[..., 0],
        y + flow[..., 1],
        interpolation=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    rise_y, rise_x = np.gradient((first + back) / 2)
    return Slopes(rise_x, rise_y, back - first)


def _halves(picture: NDArray[np.uint8]) -> list[Grey]:
    """The picture without its local brightness, its half, its quarter, ...

    Light that changes between the pictures would pass for motion otherwise.
    """
    given = picture.astype(np.float32)
    local = cv2.GaussianBlur(given, (0, 0), _LOCAL * min(given.shape))
    found = [cv2.GaussianBlur(given - local, (0, 0), _SIGMA_PX)]
    while min(found[-1].shape) >= 2 * _LEAST_PX:
        found.append(cv2.pyrDown(found[-1]))
    return found


def _resized(flow: Field, shape: tuple[int, ...]) -> Field:
    height, width = shape
    if flow.shape[:2] == (height, width):
        return flow
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], dtype=np.float32)
    return np.asarray(cv2.resize(flow, (width, height)) * scale, dtype=np.float32)
