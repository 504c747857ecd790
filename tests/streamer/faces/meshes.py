"""Meshes for tests: the mesh of the bundled test picture placed anywhere, at any size."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streamer.faces.config import FaceConfig
from streamer.faces.detector import known_face, open_detector
from streamer.faces.landmarks import eye_centres
from streamer.faces.pose import rotation_of
from training.synthetic.face_model import CANONICAL_LANDMARKS


@lru_cache(maxsize=1)
def upright_mesh() -> NDArray[np.float32]:
    """A real mesh [468, 3] in inter-ocular distances, eyes level, eye midpoint at the origin."""
    with open_detector(FaceConfig(max_faces=1)) as detector:
        (found,) = detector.detect(known_face())
    mesh = found.landmarks_px
    left, right = eye_centres(mesh)
    across = right - left
    iod = np.hypot(*across)
    cos, sin = across / iod
    level = mesh.copy()
    level[:, :2] = (mesh[:, :2] - (left + right) / 2) @ np.array([[cos, -sin], [sin, cos]])
    return (level / iod).astype(np.float32)


def mesh_at(
    x_px: float, y_px: float, iod_px: float = 60.0, roll_deg: float = 0.0
) -> NDArray[np.float32]:
    """A mesh [468, 3] with its eye midpoint at (x, y)."""
    angle = np.radians(roll_deg)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mesh = upright_mesh() * np.float32(iod_px)
    mesh[:, :2] = mesh[:, :2] @ rotation.T + (x_px, y_px)
    return mesh


def turned_mean_head(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """The mean head [468, 3] in inter-ocular distances, turned; points it does not have are 0."""
    head = np.nan_to_num(CANONICAL_LANDMARKS.astype(np.float64))
    return np.asarray(head @ rotation_of(yaw_deg, pitch_deg, roll_deg).T)
