"""Head pose of a face mesh: which way the head is turned, and where it is.

A mean head is laid over the mesh on points that expressions and the jaw hardly move, seen from far
away (no perspective): in three dimensions by a least-squares similarity (Umeyama 1991, equations 39
to 42), which gives pitch and size, and in the picture alone by the nearest turn to an affine fit,
which gives yaw and roll. The mesh's depth is a guess that is better up and down than sideways.
The angles are estimates: docs/events.md says how far they are off on a rendered head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.faces.landmarks import LEAST_IOD_PX

# Points of the mean head of `training.synthetic.face_model` in IOD, from the midpoint between the
# eyes: x to the right in the picture, y down, depth away from the camera.
_HEAD = {
    33: (-0.723, -0.020, 0.126), 263: (0.723, -0.020, 0.126),  # eye corners, outer
    133: (-0.277, 0.020, 0.040), 362: (0.277, 0.020, 0.040),  # ... inner
    168: (0.0, -0.064, -0.220), 6: (0.0, 0.067, -0.278),  # bridge of the nose
    4: (0.0, 0.538, -0.536), 8: (0.0, -0.185, -0.235),  # its tip, and between the brows
    9: (0.0, -0.320, -0.269), 151: (0.0, -0.579, -0.251),  # forehead, upwards
    10: (0.0, -0.834, -0.209),  # ... to the hair
    129: (-0.301, 0.580, -0.077), 358: (0.301, 0.580, -0.077),  # wings of the nose
    64: (-0.272, 0.633, -0.198), 294: (0.272, 0.633, -0.198),  # nostrils
    109: (-0.306, -0.826, -0.185), 338: (0.306, -0.826, -0.185),  # forehead, from the middle
    67: (-0.563, -0.788, -0.082), 297: (0.563, -0.788, -0.082),  # ... outwards
    103: (-0.796, -0.702, 0.098), 332: (0.796, -0.702, 0.098),
    54: (-0.943, -0.569, 0.308), 284: (0.943, -0.569, 0.308),  # ... to the temples
}  # fmt: skip
HEAD_POINTS = tuple(_HEAD)
HEAD_IOD: NDArray[np.float64] = np.array(list(_HEAD.values()))  # [23, 3]
HEAD_IOD.flags.writeable = False
_INDICES = np.array(HEAD_POINTS)
_CENTRED = HEAD_IOD - HEAD_IOD.mean(axis=0)
_SQUARES = float((_CENTRED**2).sum())
_AFFINE = np.linalg.pinv(_CENTRED)  # [3, 23]


@dataclass(frozen=True, slots=True)
class HeadPose:
    """How a head is turned and where it is, in the frame's own pixels."""

    yaw_deg: float  # > 0: the face is turned to the right edge of the picture
    pitch_deg: float  # > 0: it looks up
    roll_deg: float  # > 0: it leans clockwise in the picture
    eyes_px: tuple[float, float]  # x, y of the midpoint between the eyes
    iod_px: float  # distance between the eye centres as it would be from the front


def head_pose(landmarks_px: NDArray[np.floating]) -> HeadPose | None:
    """The pose of a mesh [468, 3] (x, y, depth in pixels); None where it has no scale.

    The angles are those of turning the head first by pitch (about the axis through the ears), then
    by yaw (about the vertical), then by roll (about the line of sight).
    """
    points = landmarks_px[_INDICES].astype(np.float64)
    eyes = points[:4].tolist()  # corners: outer left and right, inner left and right
    across = (eyes[1][0] + eyes[3][0] - eyes[0][0] - eyes[2][0]) / 2
    down = (eyes[1][1] + eyes[3][1] - eyes[0][1] - eyes[2][1]) / 2
    if not (np.isfinite(points).all() and math.hypot(across, down) > LEAST_IOD_PX):
        return None
    centred = points - points.mean(axis=0)
    rotation, scale = _fit_in_space(centred)
    _, pitch_deg, _ = angles_deg(rotation)
    yaw_deg, _, roll_deg = angles_deg(_fit_in_picture(centred[:, :2]))
    middle = (sum(x for x, _, _ in eyes) / 4, sum(y for _, y, _ in eyes) / 4)
    return HeadPose(yaw_deg, pitch_deg, roll_deg, middle, scale)


def rotation_of(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """The turn [3, 3] of those angles; the inverse of `angles_deg`."""
    yaw, pitch, roll = map(math.radians, (yaw_deg, pitch_deg, roll_deg))
    cos_x, sin_x, cos_y, sin_y = math.cos(pitch), math.sin(pitch), math.cos(yaw), math.sin(yaw)
    about_x = np.array([[1, 0, 0], [0, cos_x, sin_x], [0, -sin_x, cos_x]])
    about_y = np.array([[cos_y, 0, -sin_y], [0, 1, 0], [sin_y, 0, cos_y]])
    cos_z, sin_z = math.cos(roll), math.sin(roll)
    about_z = np.array([[cos_z, -sin_z, 0], [sin_z, cos_z, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def angles_deg(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a turn [3, 3]; yaw is within 90 degrees."""
    yaw = math.asin(min(max(float(rotation[2, 0]), -1.0), 1.0))
    pitch = math.atan2(-float(rotation[2, 1]), float(rotation[2, 2]))
    roll = math.atan2(float(rotation[1, 0]), float(rotation[0, 0]))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def _fit_in_space(centred_px: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Rotation [3, 3] and pixels an IOD that carry the mean head to `centred_px` [23, 3]."""
    left, strengths, right = np.linalg.svd(centred_px.T @ _CENTRED)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return (left * signs) @ right, float(strengths @ signs) / _SQUARES


def _fit_in_picture(centred_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation [3, 3] whose first two rows are nearest to the affine map to [23, 2]."""
    left, _, right = np.linalg.svd((_AFFINE @ centred_px).T, full_matrices=False)
    x, y = left @ right
    return np.stack([x, y, np.cross(x, y)])
