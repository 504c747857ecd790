"""Named points of the 468-point MediaPipe face mesh. Left and right as seen in the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_LANDMARKS = 468
LEAST_IOD_PX = 1e-3

LEFT_EYE_CORNERS = (33, 133)
RIGHT_EYE_CORNERS = (362, 263)

# Points that facial action units hardly move: eye corners, nose bridge, temples, cheek edges.
RIGID = (33, 133, 362, 263, 168, 6, 197, 195, 122, 351, 127, 356, 234, 454, 93, 323)


@dataclass(frozen=True, slots=True)
class Mesh:
    """One face mesh as it was measured in a picture."""

    landmarks_px: NDArray[np.float32]  # [468, 3]: x, y, relative depth, the nose negative
    score: float  # 0..1, the network's probability that there is a face under it


def eye_centres(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Left and right eye centre, [2, 2] (x, y), each the mean of its two corners."""
    left = landmarks[list(LEFT_EYE_CORNERS), :2].mean(axis=0)
    right = landmarks[list(RIGHT_EYE_CORNERS), :2].mean(axis=0)
    return np.stack([left, right]).astype(np.float64)


def inter_ocular_px(landmarks: NDArray[np.floating]) -> float:
    """Distance between the eye centres in the unit of the landmarks (the IOD)."""
    left, right = eye_centres(landmarks)
    return float(np.hypot(*(right - left)))


def roll_rad(landmarks: NDArray[np.float32]) -> float:
    """How far a face is turned clockwise in the picture: 0 upright, pi upside down."""
    left, right = eye_centres(landmarks)
    return float(np.arctan2(*(right - left)[::-1]))


def is_degenerate(landmarks_px: NDArray[np.float32]) -> bool:
    """Whether the eye centres coincide or a point is nowhere: such a mesh has no scale."""
    return not (np.isfinite(landmarks_px).all() and inter_ocular_px(landmarks_px) > LEAST_IOD_PX)


def without_doubles(meshes: list[Mesh]) -> list[Mesh]:
    """The first of any meshes that nearly coincide: two can come to lie on one face."""
    kept: list[Mesh] = []
    for mesh in meshes:
        centre, size = _centre(mesh), np.ptp(mesh.landmarks_px[:, 0])
        if all(np.hypot(*(centre - _centre(other))) > 0.4 * size for other in kept):
            kept.append(mesh)
    return kept


def _centre(mesh: Mesh) -> NDArray[np.float32]:
    return np.asarray(mesh.landmarks_px[:, :2].mean(axis=0))
