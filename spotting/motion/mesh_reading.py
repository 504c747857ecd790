"""What the face mesh alone says of a face: where its parts are with the head turned to the front.

The mesh is measured a few times a second, each time anew: it is coarser than the flow, answers a
movement with less than its size, and loses its way on no moving head. So it tells what is large
(a blink, an open mouth, an expression that stays), and the flow what is small.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import CELLS_PER_REGION, LAYOUT, REGION_NAMES
from streamer.core.records import MeshReading
from streamer.faces.landmarks import RIGID, eye_centres

_LIDS = (((159, 145), (158, 153), (160, 144)), ((386, 374), (385, 380), (387, 373)))
_LIPS = ((13, 14), (82, 87), (312, 317))
_MIDDLE_OF_EYES, _BELOW = (33, 133, 362, 263), (2, 164)  # under the nose: the face's way down
_REST_S = 4.0  # how quickly a person's own shape follows
_N_CELLS = CELLS_PER_REGION * len(REGION_NAMES)
_FIRST, _SECOND = LAYOUT.first[:_N_CELLS], LAYOUT.second[:_N_CELLS]
_RIGID = list(RIGID)


class MeshReader:
    """Turns the meshes of one face to the front. State: that person's rigid points at rest."""

    def __init__(self) -> None:
        self._rest: NDArray[np.float64] | None = None  # [P, 3]
        self._before_s = 0.0

    def read(self, landmarks_px: NDArray[np.float32], index: int, time_s: float) -> MeshReading:
        """A mesh [468, 3] as it was measured in the picture of frame `index`."""
        points = landmarks_px.astype(np.float64)
        points -= points[_RIGID].mean(axis=0)
        if self._rest is None:
            self._rest, self._before_s = _upright(points)[_RIGID], time_s
        own = points[_RIGID]
        turn = _rotation(own, self._rest)
        turned = own @ turn.T
        scale = float((turned * self._rest).sum() / (turned * turned).sum())
        share = 1.0 - math.exp(-(time_s - self._before_s) / _REST_S)
        self._rest = self._rest + share * (scale * turned - self._rest)
        self._before_s = time_s
        front = points @ (scale * turn).T
        cells = 0.5 * (front[_FIRST, :2] + front[_SECOND, :2])
        regions = cells.reshape(-1, CELLS_PER_REGION, 2).mean(axis=1)
        return MeshReading(
            index,
            time_s,
            regions.astype(np.float32),
            np.array([_gap(front, pairs) for pairs in _LIDS], dtype=np.float32),
            _gap(front, _LIPS),
            np.asarray(cv2.Rodrigues(turn.T)[0]).ravel(),
        )


def _upright(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [468, 3] in IOD, with level eyes and the nose towards the camera."""
    eyes = points[list(_MIDDLE_OF_EYES)]
    across = eyes[2:].mean(axis=0) - eyes[:2].mean(axis=0)
    x = across / np.linalg.norm(across)
    down = points[list(_BELOW)].mean(axis=0) - eyes.mean(axis=0)
    down -= (down @ x) * x
    y = down / np.linalg.norm(down)
    front = points @ np.stack([x, y, np.cross(x, y)]).T
    left, right = eye_centres(front)
    return np.asarray(front / np.hypot(*(right - left)))


def _rotation(own: NDArray[np.float64], rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation [3, 3] that brings points [P, 3] nearest to others (Kabsch 1976)."""
    u, _, v = np.linalg.svd(own.T @ rest)
    sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    return np.asarray((u @ sign @ v).T)


def _gap(points: NDArray[np.float64], pairs: tuple[tuple[int, int], ...]) -> float:
    """Mean distance of pairs of points."""
    one, other = np.array(pairs).T
    way = points[one] - points[other]
    return float(np.sqrt((way * way).sum(axis=1)).mean())
