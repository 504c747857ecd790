"""Affine maps between a frame and the aligned square of a face, and the fit of a similarity."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.config import EYES_Y_FRACTION, IOD_FRACTION
from streamer.faces.landmarks import eye_centres, is_degenerate

Matrix = NDArray[np.float32]  # [2, 3]


def canonical_transform(landmarks_px: NDArray[np.float32], size_px: int) -> Matrix:
    """Similarity [2, 3] that puts the eye centres level, IOD_FRACTION * size_px apart.

    Raises:
        ValueError: the mesh is degenerate. The tracker gives no face with such a one.
    """
    if is_degenerate(landmarks_px):
        raise ValueError("eye centres coincide: a degenerate mesh cannot be aligned")
    left, right = eye_centres(landmarks_px)
    across = right - left
    iod = float(np.hypot(*across))
    scale = IOD_FRACTION * size_px / iod
    cos, sin = scale * across / iod
    rotation = np.array([[cos, sin], [-sin, cos]])
    target = np.array([0.5 * size_px, EYES_Y_FRACTION * size_px])
    shift = target - rotation @ ((left + right) / 2)
    return np.hstack([rotation, shift[:, None]]).astype(np.float32)


def transform_points(matrix: Matrix, landmarks_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Landmarks [N, 3] through a similarity; depth is scaled along."""
    moved = landmarks_px.copy()
    moved[:, :2] = landmarks_px[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    moved[:, 2] *= float(np.hypot(matrix[0, 0], matrix[1, 0]))
    return moved


def compose(outer: Matrix, inner: Matrix) -> Matrix:
    """The affine map that applies `inner`, then `outer`."""
    linear = outer[:, :2] @ inner[:, :2]
    shift = outer[:, :2] @ inner[:, 2] + outer[:, 2]
    return np.hstack([linear, shift[:, None]]).astype(np.float32)


def invert(matrix: Matrix) -> Matrix:
    """The inverse affine map."""
    return np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float32)


def fit_similarity(source: NDArray, target: NDArray) -> tuple[NDArray[np.float64], float]:
    """Least-squares similarity [2, 3] from source [N, 2] to target, and the RMS residual.

    Raises:
        ValueError: all source points coincide.
    """
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    norm = float((a * a).sum())
    if norm < 1e-12:
        raise ValueError("all source points coincide: a similarity needs two different points")
    cos = float((a * b).sum()) / norm
    sin = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / norm
    linear = np.array([[cos, -sin], [sin, cos]])
    residual = b - a @ linear.T
    shift = target.mean(axis=0) - linear @ source.mean(axis=0)
    rms = float(np.sqrt((residual**2).sum(axis=1).mean()))
    return np.hstack([linear, shift[:, None]]), rms
