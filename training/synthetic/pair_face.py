"""A portrait that can be moved with known truth: action units, pose and depth, in closed form.

Face coordinates q count in inter-ocular distances (see `face_model`). A state maps q to the camera
explicitly, so the true motion between two states needs no estimate: the place that the onset shows
at a pixel is found by inverting the map (fixed point), and the apex's map says where it went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.landmarks import eye_centres, inter_ocular_px
from training.synthetic.action_units import AUS, Activation, displacement
from training.synthetic.face_model import face_coordinates
from training.synthetic.render import Portrait, depth_map

_LEFT, _RIGHT, _TOP, _BOTTOM, _STEP = -1.6, 1.6, -1.5, 2.3, 0.04  # grid of the fields, IOD
_MOST_ITERATIONS, _CLOSE_PX = 24, 0.02

Points = NDArray[np.float32]  # [..., 2]


@dataclass(frozen=True, slots=True)
class Pose:
    """How a face stands before the camera. Pixels of the camera, radians."""

    iod_px: float
    centre_px: tuple[float, float]
    roll: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0

    def linear(self) -> NDArray[np.float64]:
        """Face plane [2] to camera pixels, without depth: [2, 2]."""
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        turned = np.array([[cos, -sin], [sin, cos]]) * self.iod_px
        return np.asarray(turned * (np.cos(self.yaw), np.cos(self.pitch)))

    def depth_shift(self) -> NDArray[np.float64]:
        """Camera pixels [2] that a point moves for each IOD of depth towards the camera."""
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        turned = np.array([[cos, -sin], [sin, cos]]) * self.iod_px
        return np.asarray(turned @ (np.sin(self.yaw), np.sin(self.pitch)))


@dataclass(frozen=True, slots=True)
class State:
    """One moment: a pose and a field of displacement on the grid [h, w, 2] in IOD."""

    pose: Pose
    field: Points


class PairFace:
    """A portrait with its action-unit fields and depth, computed once."""

    def __init__(self, portrait: Portrait, name: str) -> None:
        self.name = name
        self.image = portrait.image
        self._iod_px = inter_ocular_px(portrait.landmarks_px)
        left, right = eye_centres(portrait.landmarks_px)
        self._centre_px = (left + right) / 2
        across = (right - left) / self._iod_px
        self._level = np.array([[across[0], across[1]], [-across[1], across[0]]])
        self.mesh = face_coordinates(portrait.landmarks_px)
        xs, ys = np.arange(_LEFT, _RIGHT, _STEP), np.arange(_TOP, _BOTTOM, _STEP)
        grid = np.stack(np.meshgrid(xs, ys), axis=-1)
        self._units = {
            au: tuple(
                displacement((Activation(au, *sides),), grid, self.mesh)
                for sides in ((1.0, 0.0), (0.0, 1.0))
            )
            for au in AUS
        }
        size = self.image.shape[0]
        pixel = np.mgrid[0:size, 0:size][::-1].astype(np.float32)
        depth = depth_map(portrait.landmarks_px, self._iod_px, *pixel) / np.float32(self._iod_px)
        self._depth = _look_up(depth, self._portrait_px(grid.astype(np.float32)))
        self._mesh_depth = -portrait.landmarks_px[:, 2] / self._iod_px

    def field(self, activations: Sequence[Activation]) -> Points:
        """The displacement of some action units on the grid [h, w, 2], in IOD."""
        total = np.zeros((*self._depth.shape, 2), dtype=np.float32)
        for a in activations:
            left, right = self._units[a.au]
            total += np.float32(a.left) * left + np.float32(a.right) * right
        return total

    def to_camera(self, q: Points, state: State) -> Points:
        """Camera pixels [..., 2] of face points q [..., 2] under a state."""
        cell = _cells(q)
        return _place(q + _look_up(state.field, cell), _look_up(self._depth, cell), state.pose)

    def landmarks(self, state: State) -> Points:
        """The mesh [468, 2] in camera pixels."""
        moved = self.mesh + _look_up(state.field, _cells(self.mesh[None]))[0]
        return _place(moved, self._mesh_depth.astype(np.float32), state.pose)

    def to_face(self, camera_px: Points, state: State) -> Points:
        """The inverse of `to_camera`, by fixed-point iteration; smaller steps for a turned face."""
        back = np.linalg.inv(state.pose.linear()).T.astype(np.float32)
        q = (camera_px - np.array(state.pose.centre_px, dtype=np.float32)) @ back
        step = np.float32(1.0 / (1.0 + 2.0 * abs(np.tan(state.pose.yaw))))
        for _ in range(_MOST_ITERATIONS):
            miss = camera_px - self.to_camera(q, state)
            q = q + (step * miss) @ back
            if np.abs(miss).max() < _CLOSE_PX:
                break
        return np.asarray(q, dtype=np.float32)

    def photograph(self, state: State, size_px: int) -> NDArray[np.uint8]:
        """The camera's picture [size, size, 3] RGB of a state, without light and noise."""
        share = min(1.0, 1.25 * state.pose.iod_px / self._iod_px)
        side = max(32, round(self.image.shape[0] * share))
        scaled = cv2.resize(self.image, (side, side), interpolation=cv2.INTER_AREA)
        # The inverse is smooth: every other pixel is solved, those between by cubics.
        half = (np.mgrid[0 : size_px // 2, 0 : size_px // 2][::-1] * 2 + 0.5).transpose(1, 2, 0)
        solved = self._portrait_px(self.to_face(half.astype(np.float32), state))
        where = cv2.resize(solved, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
        where = (where + 0.5) * np.float32(side / self.image.shape[0]) - 0.5
        return np.asarray(
            cv2.remap(scaled, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        )

    def _portrait_px(self, q: Points) -> Points:
        matrix = (self._level * self._iod_px).astype(np.float32)
        return np.asarray(q @ matrix + self._centre_px.astype(np.float32), dtype=np.float32)


def _place(moved: Points, depth: NDArray[np.float32], pose: Pose) -> Points:
    plane = moved @ pose.linear().T.astype(np.float32)
    shift = depth[..., None] * pose.depth_shift().astype(np.float32)
    return np.asarray(plane + shift + np.array(pose.centre_px, dtype=np.float32), dtype=np.float32)


def _cells(q: Points) -> Points:
    """Face coordinates as (fractional) columns and rows of the grid."""
    origin = np.array([_LEFT, _TOP], dtype=np.float32)
    return np.asarray((q - origin) / np.float32(_STEP), dtype=np.float32)


def _look_up(table: NDArray[np.float32], cells: Points) -> NDArray[np.float32]:
    return np.asarray(
        cv2.remap(table, cells, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )
