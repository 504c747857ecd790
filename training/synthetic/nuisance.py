"""What else is in a flow field beside the expression: head motion, blinks, noise, stray vectors.

Fields are [H, W, 2] on the canvas of `field_bank`; the expression peaks at about 1, and everything
here is measured against that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.motion.head import head_depth
from training.synthetic.action_units import Activation
from training.synthetic.estimator import smooth_noise
from training.synthetic.field_bank import GRID, FieldBank

Field = NDArray[np.float32]
_X, _Y = GRID[..., 0], GRID[..., 1]
_DEPTH = head_depth(_X, _Y)
_ZERO, _ONE = np.zeros_like(_X), np.ones_like(_X)
# shift x, shift y, size, roll, turn, nod: [6, H, W, 2]
_HEAD = np.stack(
    [
        np.stack([_ONE, _ZERO], axis=-1),
        np.stack([_ZERO, _ONE], axis=-1),
        np.stack([_X, _Y], axis=-1),
        np.stack([-_Y, _X], axis=-1),
        np.stack([_DEPTH, 0.15 * _X * _Y], axis=-1),
        np.stack([0.15 * _X * _Y, _DEPTH], axis=-1),
    ]
).astype(np.float32)


@dataclass(frozen=True, slots=True)
class NuisanceRange:
    """Sizes relative to the expression; each is the scale of a heavy-tailed or log-uniform draw."""

    head: tuple[float, float] = (0.02, 0.7)
    noise: tuple[float, float] = (0.02, 0.30)
    blink: float = 0.30  # share of samples with a lid motion
    gaze: float = 0.35  # share of samples with an eye movement
    outliers: float = 1.2  # mean number of stray blobs
    background: float = 0.5  # share of samples whose surroundings move differently
    speech: float = 0.08  # share of samples in which the mouth says something meanwhile


def add_head_motion(field: Field, rng: np.random.Generator, ranges: NuisanceRange) -> Field:
    """Plus a rigid motion (residue): shift, size, roll, turn, nod."""
    level = np.exp(rng.uniform(*np.log(ranges.head)))
    weights = level * rng.normal(0.0, (0.6, 0.6, 0.35, 0.35, 0.35, 0.35))
    for weight, motion in zip(weights, _HEAD, strict=True):
        field = np.asarray(cv2.scaleAdd(motion, float(weight), field), dtype=np.float32)
    return np.asarray(field, dtype=np.float32)


def add_lid_motion(
    field: Field, face: int, bank: FieldBank, rng: np.random.Generator, ranges: NuisanceRange
) -> Field:
    """Plus a partial blink (or its end) and an eye movement."""
    if rng.random() < ranges.blink:
        size = rng.choice((1.0, -1.0), p=(0.7, 0.3)) * np.exp(
            rng.uniform(np.log(0.15), np.log(2.0))
        )
        left, right = size * rng.uniform(0.7, 1.3, 2)
        field = field + bank.add_up(face, [Activation("45", left, right)])
    if rng.random() < ranges.gaze:
        size = np.exp(rng.uniform(np.log(0.15), np.log(2.0)))
        direction = rng.normal(0.0, (1.0, 0.5))
        direction *= size / max(float(np.hypot(*direction)), 1e-3)
        for centre in (-0.5, 0.5):
            field = field + _blob((centre, 0.0), np.asarray(direction), (0.10, 0.05))
    return np.asarray(field, dtype=np.float32)


def add_speech(
    field: Field, face: int, bank: FieldBank, rng: np.random.Generator, size: float
) -> Field:
    """Plus a step of speech: jaw and lips open or close, the lips narrow or widen."""
    jaw, lips, narrow = size * rng.normal(0.0, (1.0, 0.7, 0.5))
    moves = [("26", jaw), ("25", lips), ("16", 0.6 * lips), ("20", narrow)]
    uneven = rng.normal(1.0, 0.1, (len(moves), 2))
    units = [Activation(au, s * a, s * b) for (au, s), (a, b) in zip(moves, uneven, strict=True)]
    return np.asarray(field + bank.add_up(face, units), dtype=np.float32)


def add_outliers(field: Field, rng: np.random.Generator, ranges: NuisanceRange) -> Field:
    """Plus stray blobs: mostly at the mouth, the eyes and the edges of the face."""
    for _ in range(rng.poisson(ranges.outliers)):
        centre = (rng.uniform(-1.1, 1.1), rng.uniform(-0.7, 1.7))
        if rng.random() < 0.3:
            centre = (rng.normal(0.0, 0.3), rng.normal(1.05, 0.12))
        size = min(rng.exponential(0.5), 3.0)
        angle = rng.uniform(0.0, 2.0 * np.pi)
        direction = size * np.array([np.cos(angle), np.sin(angle)])
        field = field + _blob(centre, direction, np.exp(rng.uniform(np.log(0.04), np.log(0.2), 2)))
    return np.asarray(field, dtype=np.float32)


def add_noise(field: Field, rng: np.random.Generator, ranges: NuisanceRange) -> Field:
    """Plus smooth noise at two scales, as the regularisation of a flow estimator leaves it."""
    level = np.exp(rng.uniform(*np.log(ranges.noise)))
    mix = rng.uniform(0.2, 0.8)
    coarse, fine = smooth_noise(8, rng), smooth_noise(24, rng)
    return np.asarray(field + level * (mix * coarse + (1 - mix) * fine), dtype=np.float32)


def add_background(field: Field, rng: np.random.Generator, ranges: NuisanceRange) -> Field:
    """Surroundings of the face at rest, or in a motion of their own."""
    if rng.random() >= ranges.background:
        return field
    edge = np.hypot(_X / rng.normal(1.12, 0.08), (_Y - 0.4) / rng.normal(1.3, 0.1))
    outside = (1.0 / (1.0 + np.exp(-rng.uniform(8.0, 40.0) * (edge - 1.0))))[..., None]
    other = np.zeros_like(field)
    if rng.random() < 0.5:
        other = smooth_noise(10, rng) * np.float32(rng.exponential(0.5))
    return np.asarray(field * (1.0 - outside) + other * outside, dtype=np.float32)


def _blob(
    centre: tuple[float, float], direction: NDArray, sigma: Sequence[float] | NDArray
) -> Field:
    x, y = (_X[0] - centre[0]) / sigma[0], (_Y[:, 0] - centre[1]) / sigma[1]
    weight = np.exp(-0.5 * y**2)[:, None] * np.exp(-0.5 * x**2)[None, :]
    return np.asarray(weight[..., None] * np.asarray(direction), dtype=np.float32)
