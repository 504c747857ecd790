"""Action-unit fields of many random faces, computed once on a grid and then only added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.action_units import AUS, BUMPS, Activation, Bump, half_fields
from training.synthetic.face_model import CANONICAL_LANDMARKS

LEFT_IOD, RIGHT_IOD, TOP_IOD, BOTTOM_IOD, STEP_IOD = -1.5, 1.5, -1.35, 2.15, 0.04
GRID = np.stack(
    np.meshgrid(
        np.arange(LEFT_IOD, RIGHT_IOD + 1e-9, STEP_IOD),
        np.arange(TOP_IOD, BOTTOM_IOD + 1e-9, STEP_IOD),
    ),
    axis=-1,
)  # [H, W, 2] face coordinates of the canvas


@dataclass(frozen=True, slots=True)
class FaceRange:
    """How much faces and their muscles differ (standard deviations)."""

    proportions: float = 0.06  # width, height, place of brows and mouth
    direction_deg: float = 14.0
    width_log: float = 0.22  # log of a bump's extent
    weight_log: float = 0.25  # log of a bump's share
    profile: tuple[float, float] = (0.65, 1.5)  # power of the profile: flat to peaked


class FieldBank:
    """Unit fields [faces, units, side, H, W, 2]; every field peaks at 1 when both sides act."""

    def __init__(self, faces: int, rng: np.random.Generator, ranges: FaceRange) -> None:
        shape = (faces, len(AUS), 2, *GRID.shape)
        self.fields: NDArray[np.float32] = np.empty(shape, dtype=np.float32)
        self.faces = faces
        for face in range(faces):
            mesh = random_mesh(rng, ranges.proportions)
            for unit, au in enumerate(AUS):
                self.fields[face, unit] = _random_unit(BUMPS[au], mesh, rng, ranges)

    def add_up(self, face: int, activations: Sequence[Activation]) -> NDArray[np.float32]:
        """Displacement [H, W, 2] of one face under the activations."""
        total: Any = np.zeros(GRID.shape, dtype=np.float32)
        for activation in activations:
            left, right = self.fields[face, AUS.index(activation.au)]
            total = cv2.scaleAdd(left, activation.left, total)
            total = cv2.scaleAdd(right, activation.right, total)
        return np.asarray(total, dtype=np.float32)


def random_mesh(rng: np.random.Generator, spread: float) -> NDArray[np.float32]:
    """The mean face with other proportions [468, 2]; the eyes stay one unit apart."""
    mesh = CANONICAL_LANDMARKS[:, :2].copy()
    x, y = mesh[:, 0], mesh[:, 1]
    below = np.clip(y / 1.03, 0.0, 1.6)  # 0 at the eyes, 1 at the mouth
    mouth = np.exp(-0.5 * ((y - 1.05) / 0.25) ** 2)
    brows = np.exp(-0.5 * ((y + 0.32) / 0.15) ** 2)
    wide, tall, mouth_wide, jaw = rng.normal(0.0, spread, 4)
    mesh[:, 0] = x * (1 + wide * np.abs(x) + 1.5 * mouth_wide * mouth)
    mesh[:, 1] = y * (1 + tall) + jaw * np.clip(below - 1.0, 0.0, None)
    mesh[:, 1] += rng.normal(0.0, 0.7 * spread) * brows + rng.normal(0.0, spread) * mouth
    return mesh.astype(np.float32)


def _random_unit(
    bumps: Sequence[Bump], mesh: NDArray, rng: np.random.Generator, ranges: FaceRange
) -> NDArray[np.float32]:
    """Left and right field [2, H, W, 2] of one unit of one face."""
    turn = np.radians(rng.normal(0.0, ranges.direction_deg))
    wide = rng.normal(0.0, ranges.width_log)
    own = [_vary(bump, turn, wide, rng, ranges) for bump in bumps]
    halves = np.stack(half_fields(own, GRID, mesh))
    size = np.linalg.norm(halves.sum(axis=0), axis=-1, keepdims=True)
    peak = size.max()
    power = rng.uniform(*ranges.profile)
    shaped = halves * (np.maximum(size, 1e-6) / peak) ** (power - 1.0)
    return np.asarray(shaped / peak, dtype=np.float32)


def _vary(
    bump: Bump, turn: float, wide: float, rng: np.random.Generator, ranges: FaceRange
) -> Bump:
    angle = turn + np.radians(rng.normal(0.0, 0.6 * ranges.direction_deg))
    weight = np.exp(rng.normal(0.0, ranges.weight_log))
    cos, sin = np.cos(angle), np.sin(angle)
    dx, dy = bump.direction
    sx, sy = np.exp(wide + rng.normal(0.0, 0.5 * ranges.width_log, 2)) * bump.sigma
    direction = (weight * (cos * dx - sin * dy), weight * (sin * dx + cos * dy))
    return Bump(bump.anchors, direction, (float(sx), float(sy)))
