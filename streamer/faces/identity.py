"""Which face is which person: meshes of one frame matched to the faces that are known."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.records import Face
from streamer.faces.landmarks import Mesh, inter_ocular_px, roll_rad

COST_LIMIT = 1.6  # of a match; one unit is a displacement by one face size, see _cost
PATCH_PX = 8


@dataclass(frozen=True, slots=True)
class Track:
    """What is kept of a person."""

    face: Face
    time_s: float
    velocity_px_s: NDArray[np.float64]
    look: NDArray[np.float32]
    first_s: float  # when the face appeared, and its roll then
    first_roll_rad: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mesh of the present frame, and the face that it was followed from, if it was."""

    mesh: Mesh
    look: NDArray[np.float32]
    followed: int | None = None


def match(
    candidates: Sequence[Candidate], tracks: Mapping[int, Track], time_s: float
) -> list[int | None]:
    """For each candidate the id of its track, or None for a person who is new."""
    ids = list(tracks)
    costs = np.array(
        [[_cost(tracks[i], one, one.followed == i, time_s) for i in ids] for one in candidates]
    ).reshape(len(candidates), len(ids))
    return [None if column is None else ids[column] for column in _best_matches(costs)]


def updated(old: Track | None, face: Face, look: NDArray[np.float32], time_s: float) -> Track:
    """The track with a face that was just measured."""
    if old is None or time_s <= old.time_s:
        return Track(face, time_s, np.zeros(2), look, time_s, roll_rad(face.landmarks_px))
    moved = centre_of(face.landmarks_px) - centre_of(old.face.landmarks_px)
    velocity = 0.5 * old.velocity_px_s + 0.5 * moved / (time_s - old.time_s)
    look = 0.8 * old.look + 0.2 * look
    track = replace(old, face=face, time_s=time_s, velocity_px_s=velocity, look=look)
    roll, before = roll_rad(face.landmarks_px), roll_rad(old.face.landmarks_px)
    if np.cos(roll - before) < -0.5:  # it had been taken for upside down, or for upright
        track = replace(track, first_roll_rad=roll)
    return track


def box_of(mesh: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 around landmarks [N, 2 or 3]."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def centre_of(mesh: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean place [2] of landmarks."""
    return mesh[:, :2].mean(axis=0).astype(np.float64)


def size_of(mesh: NDArray[np.float32]) -> float:
    """Width or height of a face, the larger one, in pixels."""
    return max(float(np.ptp(mesh[:, :2], axis=0).max()), 1.0)


def look_of(image: NDArray[np.uint8], mesh: NDArray[np.float32]) -> NDArray[np.float32]:
    """A small colour picture of the face, [P*P*3] in 0..1: tells people apart when they cross."""
    x0, y0, x1, y1 = box_of(mesh)
    height, width = image.shape[:2]
    left, top = max(0, int(x0)), max(0, int(y0))
    patch = image[top : min(height, int(y1) + 1), left : min(width, int(x1) + 1)]
    if patch.size == 0:
        return np.zeros(PATCH_PX * PATCH_PX * 3, dtype=np.float32)
    small = cv2.resize(patch, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float32) / 255.0).ravel()


def without_doubles(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of any two meshes that nearly coincide only the first."""
    kept: list[Candidate] = []
    for one in candidates:
        points = one.mesh.landmarks_px
        centre, size = centre_of(points), size_of(points)
        others = (centre_of(other.mesh.landmarks_px) for other in kept)
        if all(np.hypot(*(centre - other)) > 0.4 * size for other in others):
            kept.append(one)
    return kept


def _cost(track: Track, one: Candidate, is_followed: bool, time_s: float) -> float:
    """Cost of taking a mesh for a track: way from the predicted place, size and look."""
    mesh = one.mesh.landmarks_px
    gap_s = time_s - track.time_s
    size = max(float(np.ptp(mesh[:, 0])), float(np.ptp(track.face.landmarks_px[:, 0])), 1.0)
    # A face unseen for long may be anywhere: trust the prediction less and less.
    predicted = centre_of(track.face.landmarks_px) + track.velocity_px_s * min(gap_s, 0.5)
    way = float(np.hypot(*(centre_of(mesh) - predicted))) / size / (1.0 + gap_s)
    ratio = inter_ocular_px(mesh) / max(inter_ocular_px(track.face.landmarks_px), 1e-6)
    look_change = float(np.abs(one.look - track.look).mean())
    cost = way + abs(float(np.log(max(ratio, 1e-6)))) + 4.0 * look_change
    # What was followed without a break is the same person unless somebody else fits better.
    return min(cost, 0.9 * COST_LIMIT) if is_followed else cost


def _best_matches(costs: NDArray[np.float64]) -> list[int | None]:
    """For each row its column or None: the assignment of least total cost, none over the limit."""
    rows, columns = costs.shape
    if rows == 0 or columns == 0:
        return [None] * rows
    capped = np.minimum(np.nan_to_num(costs, nan=COST_LIMIT), COST_LIMIT)
    # Padding columns stand for "a new face"; there are few faces, so trying all is quickest.
    padded = np.hstack([capped, np.full((rows, rows), COST_LIMIT)])
    if rows <= 4 and columns <= 4:
        choice: Sequence[int] = min(
            itertools.permutations(range(columns + rows), rows),
            key=lambda order: (sum(padded[r, c] for r, c in enumerate(order)), order),
        )
    else:
        choice = _greedy(padded)
    return [c if c < columns and costs[r, c] < COST_LIMIT else None for r, c in enumerate(choice)]


def _greedy(costs: NDArray[np.float64]) -> Sequence[int]:
    rows, columns = costs.shape
    choice = [-1] * rows
    taken = np.zeros(columns, dtype=bool)
    for flat in np.argsort(costs, axis=None, kind="stable"):
        r, c = divmod(int(flat), columns)
        if choice[r] < 0 and not taken[c]:
            choice[r] = c
            taken[c] = True
    return choice
