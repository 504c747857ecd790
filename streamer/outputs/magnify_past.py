"""What magnified faces share: averages that stay on the face, a soft mask, and the way back."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.records import AlignedFace
from streamer.faces.config import EYES_Y_FRACTION, IOD_FRACTION
from streamer.faces.transforms import Matrix, compose, invert

Grey = NDArray[np.float32]  # [S, S]

_LONGEST_GAP_S = 0.5  # after a longer one a face begins afresh
_HALF_AXES_IOD = (1.15, 1.55)  # of the face in the aligned square
_CENTRE_Y_IOD = 0.35  # below the eyes
_SQUARINGS = 7
_SOFT = 0.25  # of the face's radius: its edge fades out


class Averages:
    """Averages of one face's brightness over different times, under its newest transform."""

    def __init__(self, cutoffs_hz: tuple[float, ...]) -> None:
        self._cutoffs_hz = cutoffs_hz
        self._held: list[Grey] = []
        self._matrix: Matrix = np.eye(2, 3, dtype=np.float32)
        self._time_s = 0.0

    def push(self, grey: Grey, face: AlignedFace) -> list[Grey]:
        """First-order low passes of what was seen, this frame included; the first one as it is."""
        step_s = face.time_s - self._time_s
        begins = not self._held or not 0.0 < step_s <= _LONGEST_GAP_S
        if begins or self._held[0].shape != grey.shape:
            self._held = [grey.copy() for _ in self._cutoffs_hz]
        else:
            held = self._brought(face.frame_to_face)
            shares = [1.0 - math.exp(-2 * math.pi * f * step_s) for f in self._cutoffs_hz]
            self._held = [h + np.float32(s) * (grey - h) for h, s in zip(held, shares, strict=True)]
        self._matrix, self._time_s = face.frame_to_face, face.time_s
        return self._held

    def _brought(self, matrix: Matrix) -> list[Grey]:
        """The averages as the new transform would have shown them."""
        if np.array_equal(matrix, self._matrix):
            return self._held
        moved, size = compose(matrix, invert(self._matrix)), self._held[0].shape[::-1]
        warped = (
            cv2.warpAffine(h, moved, size, borderMode=cv2.BORDER_REPLICATE) for h in self._held
        )
        return [np.asarray(h, dtype=np.float32) for h in warped]


@lru_cache(maxsize=4)
def face_mask(size_px: int) -> Grey:
    """1 on the face of the aligned square, 0 outside."""
    iod_px = IOD_FRACTION * size_px
    y, x = np.mgrid[:size_px, :size_px]
    across = (x - 0.5 * size_px) / (_HALF_AXES_IOD[0] * iod_px)
    down = (y - EYES_Y_FRACTION * size_px - _CENTRE_Y_IOD * iod_px) / (_HALF_AXES_IOD[1] * iod_px)
    return np.clip((1.0 - np.hypot(across, down)) / _SOFT, 0.0, 1.0).astype(np.float32)


def followed_back(velocity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where each place came from, when the motion is followed as a velocity field for one unit of
    time: however large, it does not fold the face."""
    size = velocity.shape[0]
    y, x = np.mgrid[:size, :size].astype(np.float32)
    back = -velocity / np.float32(2**_SQUARINGS)
    for _ in range(_SQUARINGS):
        there = cv2.remap(back, x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR)
        back = np.asarray(back + there, dtype=np.float32)
    return back


def onto_frame(
    values: NDArray[np.float32], matrix: Matrix, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], slice, slice]:
    """Values [S, S] or [S, S, 2] of the aligned square in a frame: of a part, its rows, columns.

    Zero outside the square.
    """
    side, back = float(values.shape[0]), invert(matrix)
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ back[:, :2].T + back[:, 2]
    limit = np.array(shape[1::-1])
    low = np.clip(np.floor(corners.min(axis=0)), 0, limit).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, low, limit).astype(int)
    rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    width, height = (high - low).tolist()
    if not width or not height:  # the face has left the picture
        return np.zeros((height, width, *values.shape[2:]), np.float32), rows, columns
    moved = matrix.astype(np.float64)
    moved[:, 2] += moved[:, :2] @ low
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    found = cv2.warpAffine(values, moved, (width, height), flags=flags)
    return np.asarray(found, dtype=np.float32), rows, columns
