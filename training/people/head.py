"""A moving head: a person's own shape, and for every frame the similarity that carries it there.

The meshes [T, 468, 3] of a recording are brought to the front by a 3-D Procrustes fit (Kabsch 1976;
Umeyama 1991) on points that expressions hardly move: mesh_t = s_t R_t shape + t_t. What is left
after that is the face's own movement. No optical flow is involved.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.landmarks import RIGID, inter_ocular_px
from training.people.meshes import MeshTrack
from training.synthetic.face_model import CANONICAL_LANDMARKS, face_coordinates

_STABLE = list(RIGID)
_ROUNDS = 2  # of: median shape, fit to it
_FOREHEAD, _CHIN, _OUTER_CORNERS = 10, 152, (33, 263)
_, _DROP, _DEPTH = (CANONICAL_LANDMARKS[_CHIN] - CANONICAL_LANDMARKS[_FOREHEAD]).astype(float)
_TILT_RAD = float(np.arctan2(_DEPTH, _DROP))

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """How a head of one shape moves through T frames; NaN where there is no mesh."""

    time_s: Array  # [T]
    shape_iod: Array  # [468, 3] frontal, face coordinates (see `face_model`), depth away from us
    rotation: Array  # [T, 3, 3]
    scale_px: Array  # [T] pixels an IOD
    front_iod: Array  # [T, 468, 3] every mesh, brought to the front

    @classmethod
    def of(cls, track: MeshTrack) -> Head:
        """Fits shape and poses; what is not seen stays NaN."""
        meshes = track.landmarks_px[track.seen].astype(np.float64)
        front = np.stack([_upright(mesh) for mesh in meshes])
        shape = _canonical(np.median(front, axis=0))
        for _ in range(_ROUNDS):
            poses = [fit_pose(shape, mesh, _STABLE) for mesh in meshes]
            front = np.stack([pose.back(mesh) for pose, mesh in zip(poses, meshes, strict=True)])
            shape = _canonical(np.median(front, axis=0))
        poses = [fit_pose(shape, mesh, _STABLE) for mesh in meshes]
        front = np.stack([pose.back(mesh) for pose, mesh in zip(poses, meshes, strict=True)])
        return cls(
            track.time_s,
            shape,
            _where(track.seen, np.stack([pose.rotation for pose in poses])),
            _where(track.seen, np.array([pose.scale for pose in poses])),
            _where(track.seen, front),
        )

    def angles_deg(self) -> Array:
        """[T, 3] pitch, yaw, roll of the head."""
        angles = np.full((len(self.time_s), 3), np.nan)
        for n, rotation in enumerate(self.rotation):
            if np.isfinite(rotation).all():
                angles[n] = cv2.RQDecomp3x3(rotation)[0]
        return angles

    def in_picture(self, frame: int, moved_iod: NDArray[np.floating]) -> NDArray[np.float32]:
        """Displacements [N, 2] in face coordinates as the picture of a frame shows them, px."""
        turned = moved_iod @ self.rotation[frame][:2, :2].T
        return np.asarray(self.scale_px[frame] * turned, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Pose:
    """x -> scale * rotation @ x + shift."""

    rotation: Array  # [3, 3]
    scale: float
    shift: Array  # [3]

    def back(self, points: Array) -> Array:
        """Points [N, 3] of the picture in the shape's own coordinates."""
        return (points - self.shift) @ self.rotation / self.scale


def fit_pose(shape: Array, mesh: Array, stable: list[int]) -> Pose:
    """Least-squares similarity from `shape` to `mesh`, both [468, 3], on the stable points.

    Umeyama (1991), "Least-squares estimation of transformation parameters between two point
    patterns", equations 39 to 42.
    """
    a, b = shape[stable], mesh[stable]
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    a, b = a - mean_a, b - mean_b
    left, strengths, right = np.linalg.svd(b.T @ a)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ np.diag(signs) @ right
    scale = float((strengths * signs).sum() / (a * a).sum())
    return Pose(rotation, scale, mean_b - scale * rotation @ mean_a)


def _upright(mesh: Array) -> Array:
    """A mesh [468, 3] turned to the front by its own axes: across the eyes, forehead to chin.

    Seen from the front the chin lies farther away than the forehead; how much, the mean face says.
    """
    across = mesh[_OUTER_CORNERS[1]] - mesh[_OUTER_CORNERS[0]]
    x = across / np.linalg.norm(across)
    down = mesh[_CHIN] - mesh[_FOREHEAD]
    down = down - (down @ x) * x
    down /= np.linalg.norm(down)
    away = np.cross(x, down)
    y = np.cos(_TILT_RAD) * down - np.sin(_TILT_RAD) * away
    return np.asarray(mesh @ np.stack([x, y, np.cross(x, y)], axis=1) / np.linalg.norm(across))


def _canonical(shape: Array) -> Array:
    """The shape in face coordinates, depth in the same unit."""
    flat = face_coordinates(shape).astype(np.float64)
    depth = (shape[:, 2] - shape[_STABLE, 2].mean()) / inter_ocular_px(shape)
    return np.hstack([flat, depth[:, None]])


def _where(seen: NDArray[np.bool_], values: Array) -> Array:
    """Values of the frames that are seen, [T, ...], NaN elsewhere."""
    every = np.full((len(seen), *values.shape[1:]), np.nan)
    every[seen] = values
    return every
