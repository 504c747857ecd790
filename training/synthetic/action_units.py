"""Facial action units (FACS) as smooth displacement fields on the face.

Each action unit is a sum of anisotropic Gaussian bumps. A bump sits at the mean of a few mesh
points, so the field follows the proportions of a real face when its landmarks are given. Directions
follow the FACS manual (Ekman & Friesen); extents follow the skin that the muscle drags along.

Everything is in face coordinates (see `face_model`): inter-ocular distances (IOD), x to the right
in the image, y down; "up" is negative y. Bumps are written for the image's left and mirrored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from training.synthetic.face_model import CANONICAL_LANDMARKS, MIRROR

Points = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Activation:
    """One action unit at work, with its peak displacement in IOD on either side of the image.

    With `left == right` the largest displacement of the field is exactly that value; a one-sided
    activation of a muscle on the midline (chin, jaw) moves a little less, as half of it is at rest.
    """

    au: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Bump:
    """A Gaussian bump: where (mesh indices), which way, how wide (IOD, sigma)."""

    anchors: tuple[int, ...]
    direction: tuple[float, float]  # not normalised: its length is the weight of the bump
    sigma: tuple[float, float]


def _b(
    anchors: tuple[int, ...], direction: tuple[float, float], sigma: tuple[float, float]
) -> Bump:
    return Bump(anchors, direction, sigma)


# One half of the face (the image's left): medial is +x, lateral -x, up -y.
BUMPS: Mapping[str, tuple[Bump, ...]] = {
    "1": (  # inner brow raiser
        _b((107, 55), (0.03, -1.0), (0.19, 0.19)),
        _b((108,), (0.0, -0.55), (0.24, 0.20)),
        _b((27,), (0.0, -0.15), (0.18, 0.08)),
    ),
    "2": (  # outer brow raiser
        _b((70, 63), (-0.05, -1.0), (0.24, 0.18)),
        _b((104, 103), (0.0, -0.45), (0.26, 0.20)),
        _b((27,), (0.0, -0.25), (0.18, 0.08)),
    ),
    "4": (  # brow lowerer: down and together
        _b((107, 55), (0.45, 0.90), (0.20, 0.18)),
        _b((105, 52), (0.30, 0.55), (0.24, 0.17)),
        _b((9, 8), (0.0, 0.30), (0.14, 0.18)),
        _b((27,), (0.05, 0.20), (0.20, 0.08)),
    ),
    "5": (  # upper lid raiser
        _b((159,), (0.0, -1.0), (0.19, 0.08)),
        _b((27,), (0.0, -0.45), (0.20, 0.07)),
    ),
    "6": (  # cheek raiser, lid compressor: towards the eye from all round its outer half
        _b((117, 50), (0.20, -1.0), (0.25, 0.19)),
        _b((119,), (0.05, -0.55), (0.20, 0.13)),
        _b((145,), (0.08, -0.40), (0.20, 0.07)),
        _b((35, 226), (0.55, 0.05), (0.12, 0.12)),
        _b((70,), (0.10, 0.22), (0.18, 0.12)),
    ),
    "7": (  # lid tightener
        _b((145,), (0.08, -1.0), (0.20, 0.08)),
        _b((119, 145), (0.05, -0.40), (0.20, 0.09)),
        _b((159,), (0.0, 0.45), (0.18, 0.06)),
    ),
    "9": (  # nose wrinkler
        _b((64, 129), (0.08, -1.0), (0.15, 0.16)),
        _b((174,), (0.05, -0.75), (0.12, 0.18)),
        _b((119,), (0.12, -0.40), (0.18, 0.14)),
        _b((107, 55), (0.25, 0.55), (0.18, 0.15)),
        _b((37,), (0.0, -0.40), (0.16, 0.10)),
    ),
    "10": (  # upper lip raiser
        _b((37, 40), (-0.05, -1.0), (0.17, 0.11)),
        _b((203, 206), (0.05, -0.70), (0.15, 0.17)),
        _b((64,), (-0.05, -0.45), (0.12, 0.12)),
        _b((101,), (0.05, -0.30), (0.20, 0.14)),
    ),
    "12": (  # lip corner puller: up and out, the cheek goes along
        _b((61,), (-0.70, -0.75), (0.17, 0.15)),
        _b((205, 207), (-0.30, -0.75), (0.24, 0.20)),
        _b((37, 40), (-0.40, -0.15), (0.15, 0.09)),
        _b((84, 91), (-0.40, -0.15), (0.15, 0.09)),
        _b((117, 50), (-0.02, -0.35), (0.24, 0.18)),
    ),
    "14": (  # dimpler: corners drawn in, the skin beside them comes towards them
        _b((212, 214), (0.90, -0.10), (0.17, 0.17)),
        _b((61,), (-0.55, 0.05), (0.11, 0.12)),
        _b((204,), (0.10, -0.35), (0.15, 0.13)),
    ),
    "15": (  # lip corner depressor
        _b((61,), (-0.12, 1.0), (0.15, 0.13)),
        _b((204, 202), (-0.05, 0.65), (0.17, 0.16)),
        _b((206, 216), (0.05, 0.35), (0.14, 0.16)),
    ),
    "16": (  # lower lip depressor
        _b((84,), (-0.05, 1.0), (0.17, 0.09)),
        _b((106, 18), (0.0, 0.60), (0.19, 0.12)),
    ),
    "17": (  # chin raiser: chin boss and lower lip up
        _b((199, 200), (0.0, -1.0), (0.24, 0.15)),
        _b((17, 84), (0.0, -0.75), (0.22, 0.09)),
        _b((61, 204), (0.05, 0.18), (0.12, 0.10)),
    ),
    "20": (  # lip stretcher
        _b((61,), (-1.0, 0.12), (0.16, 0.13)),
        _b((214,), (-0.55, 0.10), (0.20, 0.18)),
        _b((84, 91), (-0.55, 0.08), (0.16, 0.09)),
        _b((37, 40), (-0.40, 0.0), (0.15, 0.09)),
    ),
    "24": (  # lip pressor: the lips meet and narrow
        _b((0, 37), (0.05, 0.80), (0.19, 0.08)),
        _b((17, 84), (0.05, -0.90), (0.19, 0.08)),
        _b((61,), (0.40, 0.0), (0.13, 0.11)),
    ),
    "25": (  # lips part
        _b((17, 84), (0.0, 1.0), (0.20, 0.10)),
        _b((0, 37), (0.0, -0.40), (0.19, 0.08)),
    ),
    "26": (  # jaw drop
        _b((17, 84), (0.0, 0.90), (0.26, 0.13)),
        _b((199, 200), (0.0, 1.0), (0.36, 0.20)),
        _b((150, 136), (0.02, 0.55), (0.28, 0.22)),
        _b((61,), (0.08, 0.35), (0.14, 0.13)),
    ),
    "45": (  # blink
        _b((159,), (0.0, 1.0), (0.18, 0.08)),
        _b((27,), (0.0, 0.30), (0.18, 0.07)),
        _b((145,), (0.05, -0.15), (0.18, 0.05)),
    ),
}
AUS: tuple[str, ...] = tuple(BUMPS)

MIDLINE_BLEND_IOD = 0.06  # over this distance one half of the face hands over to the other
_GRID = np.stack(
    np.meshgrid(np.arange(-1.3, 1.301, 0.02), np.arange(-1.1, 2.001, 0.02)), axis=-1
)  # [H, W, 2] where the peak of a field is looked for


def displacement(
    activations: Sequence[Activation], points: Points, landmarks: Points | None = None
) -> NDArray[np.float32]:
    """Displacement [..., 2] in IOD of face points [..., 2] under the activations, added up.

    Args:
        activations: the action units at work; the same unit may occur more than once.
        points: face coordinates (IOD).
        landmarks: [468, 2 or 3] mesh of one face in face coordinates, to which the anchors adapt;
            None means the mean face.

    Raises:
        ValueError: an unknown action unit, or landmarks of another shape than a 468-point mesh.
    """
    mesh = _mesh(landmarks)
    total = np.zeros(np.shape(points), dtype=np.float64)
    for activation in activations:
        bumps = bumps_of(activation.au)
        left, right = half_fields(bumps, points, mesh)
        peak = _peak(activation.au, mesh.tobytes())
        total += (activation.left * left + activation.right * right) / peak
    return total.astype(np.float32)


def bumps_of(au: str) -> tuple[Bump, ...]:
    """The bumps of one action unit, on the image's left.

    Raises:
        ValueError: no such unit here.
    """
    if au not in BUMPS:
        raise ValueError(f"unknown action unit {au!r}: use one of {', '.join(AUS)}")
    return BUMPS[au]


def half_fields(
    bumps: Sequence[Bump], points: Points, mesh: Points
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unscaled fields [..., 2] of the left and right half; each fades out across the midline."""
    middle = _middle(np.asarray(points), np.asarray(mesh))
    right_share = 1.0 / (1.0 + np.exp(-middle / MIDLINE_BLEND_IOD))[..., None]
    left = _field(bumps, points, mesh) * (1.0 - right_share)
    right = _field([_mirror(bump) for bump in bumps], points, mesh) * right_share
    return left, right


def peak_of(bumps: Sequence[Bump], mesh: Points) -> float:
    """Largest displacement of the two-sided field of these bumps on this face."""
    left, right = half_fields(bumps, _GRID, mesh)
    return float(np.sqrt(((left + right) ** 2).sum(axis=-1)).max())


@lru_cache(maxsize=512)
def _peak(au: str, mesh_bytes: bytes) -> float:
    return peak_of(BUMPS[au], np.frombuffer(mesh_bytes, dtype=np.float32).reshape(468, 2))


def _mesh(landmarks: Points | None) -> NDArray[np.float32]:
    chosen = CANONICAL_LANDMARKS if landmarks is None else np.asarray(landmarks)
    if chosen.ndim != 2 or chosen.shape[0] < 468 or chosen.shape[1] < 2:
        raise ValueError(f"landmarks have shape {chosen.shape}; give a mesh [468, 2] in IOD")
    return np.ascontiguousarray(chosen[:468, :2], dtype=np.float32)


def _middle(points: Points, mesh: Points) -> NDArray[np.float64]:
    """Signed distance [...] of points from the line root of the nose - chin, right positive."""
    top, chin = mesh[168, :2].astype(np.float64), mesh[152, :2].astype(np.float64)
    slope = (chin[0] - top[0]) / max(float(chin[1] - top[1]), 1e-3)
    return np.asarray(points[..., 0] - top[0] - slope * (points[..., 1] - top[1]), dtype=np.float64)


def _field(bumps: Sequence[Bump], points: Points, mesh: Points) -> NDArray[np.float64]:
    total = np.zeros(np.shape(points), dtype=np.float64)
    for bump in bumps:
        offset = (points - mesh[list(bump.anchors), :2].mean(axis=0)) / bump.sigma
        weight = np.exp(-0.5 * (offset**2).sum(axis=-1))
        total += weight[..., None] * np.array(bump.direction)
    return total


def _mirror(bump: Bump) -> Bump:
    anchors = tuple(MIRROR[index] for index in bump.anchors)
    return replace(bump, anchors=anchors, direction=(-bump.direction[0], bump.direction[1]))
