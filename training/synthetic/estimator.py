"""What a dense flow estimator makes of a true field: weak on smooth skin, smeared, cut into pieces.

Variational flow (TV-L1 and its kin) measures motion where there is texture and fills the rest from
there, with sharp edges at more or less arbitrary places; now and then a whole piece goes astray.
The filling is imitated by an edge-preserving smoother that trusts the textured places and is guided
by a random picture of a few grey levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.edges import smooth_globally
from training.synthetic.field_bank import GRID

Field = NDArray[np.float32]
_X, _Y = GRID[..., 0], GRID[..., 1]


def _places(*places: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Soft spots (|x|, y, width, height) on both halves of the face, 0..1."""
    spots = [
        np.exp(-0.5 * (((np.abs(_X) - x) / w) ** 2 + ((_Y - y) / h) ** 2)) for x, y, w, h in places
    ]
    return np.max(spots, axis=0).astype(np.float32)


SMOOTH_SKIN = _places((0.6, 0.55, 0.25, 0.28), (0.0, -0.75, 0.7, 0.25))  # cheeks, forehead
_FEATURES = _places(  # brows, eyes, nostrils, lips, folds beside the nose
    (0.55, -0.32, 0.34, 0.09),
    (0.5, 0.0, 0.25, 0.10),
    (0.15, 0.55, 0.15, 0.12),
    (0.0, 1.05, 0.36, 0.12),
    (0.40, 0.75, 0.08, 0.14),
)


@dataclass(frozen=True, slots=True)
class EstimatorRange:
    """How often and how much the estimator spoils a field; sizes relative to the expression."""

    filled: float = 0.45  # share of samples filled piecewise from the textured places
    smeared: float = 0.35  # share of samples that were merely blurred
    shrink: float = 0.8  # smooth skin moves less by up to this share
    stray_pieces: float = 0.7  # mean number of stray pieces in a filled sample
    stray_size: float = 0.6


def estimate(field: Field, rng: np.random.Generator, ranges: EstimatorRange) -> Field:
    """The field [H, W, 2] as such an estimator would report it."""
    kind = rng.random()
    if kind < ranges.filled:
        return _fill(field, rng, ranges)
    gain = 1.0 - rng.uniform(0.0, ranges.shrink) * SMOOTH_SKIN
    gain = gain * np.clip(1.0 + rng.uniform(0.0, 0.5) * smooth_noise(6, rng)[..., 0], 0.1, 1.6)
    weaker = np.asarray(field * gain[..., None], dtype=np.float32)
    if kind < ranges.filled + ranges.smeared:
        weaker = np.asarray(cv2.GaussianBlur(weaker, (0, 0), rng.uniform(0.5, 2.5)))
    return weaker


def _fill(field: Field, rng: np.random.Generator, ranges: EstimatorRange) -> Field:
    """Motion from the textured places, spread up to the edges of random pieces."""
    pieces = _random_pieces(rng)
    texture = np.clip(_FEATURES + rng.uniform(0.1, 0.6) * smooth_noise(16, rng)[..., 0], 0.0, 1.0)
    trust = np.asarray(texture + np.exp(rng.uniform(-4.5, -0.5)), dtype=np.float32)
    reach = np.exp(rng.uniform(np.log(5.0), np.log(200.0)))
    planes = np.dstack([field * trust[..., None], trust])
    spread = smooth_globally(planes, pieces, reach, 4.0)
    filled = spread[..., :2] / np.maximum(spread[..., 2:], 1e-4)
    for _ in range(rng.poisson(ranges.stray_pieces)):
        filled += _stray_piece(pieces, texture, rng, ranges)
    return np.asarray(filled, dtype=np.float32)


def _random_pieces(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A picture [H, W] of a few grey levels, symmetric or not."""
    relief = smooth_noise(int(rng.integers(4, 11)), rng)[..., 0]
    if rng.random() < 0.5:
        relief = relief + relief[:, ::-1]
    relief = relief + rng.uniform(0.0, 1.5) * _FEATURES
    levels = int(rng.integers(2, 6))
    low, high = float(relief.min()), float(relief.max())
    steps = np.floor((relief - low) / (high - low + 1e-6) * levels)
    return np.asarray(steps * (200 // levels) + 20, dtype=np.uint8)


def _stray_piece(
    pieces: NDArray[np.uint8], texture: NDArray, rng: np.random.Generator, ranges: EstimatorRange
) -> Field:
    """One connected piece of smooth skin or background that moves by itself."""
    row, column = rng.integers(pieces.shape[0]), rng.integers(pieces.shape[1])
    same = np.asarray(pieces == pieces[row, column], dtype=np.uint8)
    _, parts = cv2.connectedComponents(same)
    chosen = (parts == parts[row, column]) * np.clip(1.0 - 2.0 * texture, 0.0, 1.0)
    angle, size = rng.uniform(0.0, 2.0 * np.pi), min(rng.exponential(ranges.stray_size), 3.0)
    direction = size * np.array([np.cos(angle), np.sin(angle)])
    return np.asarray(chosen[..., None] * direction, dtype=np.float32)


def smooth_noise(cells: int, rng: np.random.Generator) -> Field:
    """Noise [H, W, 2] of about unit size that varies over 1/cells of the canvas."""
    height, width = _X.shape
    seed = rng.standard_normal((cells + 2, cells, 2), dtype=np.float32)
    return np.asarray(cv2.resize(seed, (width, height), interpolation=cv2.INTER_CUBIC))
