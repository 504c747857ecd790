"""The cheapest exact way to bring a face into the aligned square: cut out, halve, warp."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.transforms import Matrix, invert

_LEAST_CHROMA_SCALE = 0.25  # colour is smooth: it is halved later than grey


@dataclass(frozen=True, slots=True)
class Warp:
    """How frames of one size are brought into the aligned square: cut out, halve, warp."""

    frame_shape: tuple[int, ...]
    rows: slice
    columns: slice
    halvings: int
    matrix: Matrix  # from the cut-out, halved part
    size_px: int

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The aligned square [S, S] or [S, S, 3]; large faces are averaged, not sampled."""
        part = image[self.rows, self.columns]
        for _ in range(self.halvings):
            half = (part.shape[1] // 2, part.shape[0] // 2)
            part = cv2.resize(part, half, interpolation=cv2.INTER_AREA)
        aligned = cv2.warpAffine(
            part,
            self.matrix,
            (self.size_px, self.size_px),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(aligned)


def plan_warp(
    matrix: Matrix, size_px: int, frame_shape: tuple[int, ...], least_scale: float = 0.5
) -> Warp:
    """The cheapest exact way to warp frames of `frame_shape` [H, W, ...] by `matrix`."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    # Bilinear sampling at less than half the size would alias, so halve by area first.
    below = scale < least_scale
    halvings = max(0, int(np.ceil(-np.log2(scale / least_scale)))) if below else 0
    low, high = _covered(matrix, size_px, frame_shape, 2 ** (halvings + 1))
    moved = matrix.astype(np.float64)
    moved[:, 2] += moved[:, :2] @ low
    for _ in range(halvings):
        # A halved pixel sits between two old ones: x_old = 2 x_new + 0.5.
        moved[:, 2] += 0.5 * moved[:, :2].sum(axis=1)
        moved[:, :2] *= 2.0
    rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    return Warp(frame_shape, rows, columns, halvings, moved.astype(np.float32), size_px)


def _covered(
    matrix: Matrix, size_px: int, frame_shape: tuple[int, ...], step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Corners (x, y) of what the square covers of the frame; sides divide by `step`."""
    side, back = float(size_px), invert(matrix)
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ back[:, :2].T + back[:, 2]
    margin = 8.0 + 0.02 * np.ptp(corners, axis=0)
    limit = np.array(frame_shape[1::-1]) // step * step
    low = np.clip(np.floor((corners.min(axis=0) - margin) / step) * step, 0, limit)
    high = np.clip(np.ceil((corners.max(axis=0) + margin) / step) * step, 0, limit)
    if (high - low < 16).any():  # the face has left the frame
        low, high = np.zeros(2), np.array(frame_shape[1::-1])
    return low.astype(np.int64), high.astype(np.int64)


def plan_chroma_warp(matrix: Matrix, size_px: int, frame_shape: tuple[int, ...]) -> Warp:
    """The same for chroma in half resolution, into a square of half the size.

    A chroma pixel (x, y) lies at (2 x, 2 y + 0.5) of the frame (H.273, type 0), and pixel p of the
    small square at 2 p + 0.5 of the large one.
    """
    half = matrix.astype(np.float64)
    half[:, 2] = 0.5 * (half[:, 2] + half[:, 1] * 0.5 - 0.5)
    height, width = ((side + 1) // 2 for side in frame_shape[:2])
    return plan_warp(half.astype(np.float32), size_px // 2, (height, width), _LEAST_CHROMA_SCALE)
