"""Faces with ids that stay: through short losses, crossings and MediaPipe's changing order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.records import Face, Frame, MissingFace
from streamer.faces.config import FaceConfig
from streamer.faces.landmarks import Mesh, inter_ocular_px, is_degenerate

COST_LIMIT = 1.6  # of a match; one unit is a displacement by one face size, see _cost
PATCH_PX = 8


class Detector(Protocol):
    """What the tracker needs of a mesh detector."""

    def detect(self, image: NDArray[np.uint8], search: bool = True) -> list[Mesh]: ...
    def forget(self) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class _Track:
    face: Face
    time_s: float
    velocity_px_s: NDArray[np.float64]
    look: NDArray[np.float32]


class FaceTracker:
    """Measures the mesh every `mesh_interval_s`, carries it over in between, and keeps ids.

    At the first frame of every period (see `FaceConfig.period`) the detector searches afresh.
    The schedule depends on the frames' times alone, so a file and a stream of the same frames give
    the same faces.
    """

    STATE = ("_tracks", "_current", "_measured_s", "_searched_s", "_next_id", "_period")

    def __init__(self, detector: Detector, config: FaceConfig) -> None:
        self._detector = detector
        self._config = config
        self._tracks: dict[int, _Track] = {}
        self._current: list[Face] = []
        self._measured_s = self._searched_s = -np.inf
        self._next_id = 0
        self._period = 0

    @property
    def missing(self) -> MissingFace | None:
        """Why the last frame has no face; None where nothing is known of it."""
        return None

    def push(self, frame: Frame) -> list[Face]:
        """Faces of this frame, lowest id first; empty when no face is there."""
        period = self._config.period(frame.time_s)
        if period != self._period:
            self._period = period
            self._detector.forget()
            self._measured_s = self._searched_s = -np.inf
        due = self._measured_s + self._config.mesh_interval_s - 1e-4
        if frame.time_s < due:
            return [_carried(face) for face in self._current]
        self._measured_s = frame.time_s
        search = (
            len(self._current) != 1
            or frame.time_s >= self._searched_s + self._config.search_interval_s - 1e-4
        )
        if search:
            self._searched_s = frame.time_s
        self._current = self._assign(frame, self._detector.detect(frame.image, search))
        return list(self._current)

    def lose(self) -> None:
        """The pictures broke off: search the next frame afresh, and give known faces their ids."""
        self._detector.forget()
        self._current = []
        self._measured_s = self._searched_s = -np.inf

    def reset(self) -> None:
        """Forget everything; the next frame starts a new stream with ids from 0."""
        self._detector.reset()
        self._tracks, self._current = {}, []
        self._measured_s = self._searched_s = -np.inf
        self._next_id = 0
        self._period = 0

    def close(self) -> None:
        """Free the detector."""
        self._detector.close()

    def _assign(self, frame: Frame, meshes: Sequence[Mesh]) -> list[Face]:
        # A mesh without a scale can be neither matched nor aligned: there is no face this time.
        meshes = [mesh for mesh in meshes if not is_degenerate(mesh.landmarks_px)]
        memory = self._config.id_memory_s
        self._tracks = {i: t for i, t in self._tracks.items() if frame.time_s - t.time_s <= memory}
        looks = [_look(frame.image, mesh.landmarks_px) for mesh in meshes]
        ids = list(self._tracks)
        costs = np.array(
            [
                [_cost(self._tracks[i], mesh.landmarks_px, look, frame.time_s) for i in ids]
                for mesh, look in zip(meshes, looks, strict=True)
            ]
        ).reshape(len(meshes), len(ids))
        faces = []
        for row, column in enumerate(_best_matches(costs)):
            if column is None:
                face_id, self._next_id = self._next_id, self._next_id + 1
            else:
                face_id = ids[column]
            faces.append(self._update(face_id, frame.time_s, meshes[row], looks[row]))
        return sorted(faces, key=lambda face: face.face_id)

    def _update(self, face_id: int, time_s: float, mesh: Mesh, look: NDArray[np.float32]) -> Face:
        points = mesh.landmarks_px
        face = Face(face_id, _box(points), points, mesh.score)
        velocity = np.zeros(2)
        old = self._tracks.get(face_id)
        if old is not None and time_s > old.time_s:
            moved = _centre(points) - _centre(old.face.landmarks_px)
            velocity = 0.5 * old.velocity_px_s + 0.5 * moved / (time_s - old.time_s)
            look = 0.8 * old.look + 0.2 * look
        self._tracks[face_id] = _Track(face, time_s, velocity, look)
        return face


def _carried(face: Face) -> Face:
    return Face(face.face_id, face.box_px, face.landmarks_px, face.score, measured=False)


def _box(mesh: NDArray[np.float32]) -> tuple[float, float, float, float]:
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _centre(mesh: NDArray[np.float32]) -> NDArray[np.float64]:
    return mesh[:, :2].mean(axis=0).astype(np.float64)


def _look(image: NDArray[np.uint8], mesh: NDArray[np.float32]) -> NDArray[np.float32]:
    """A small colour picture of the face, [P*P*3] in 0..1: tells people apart when they cross."""
    x0, y0, x1, y1 = _box(mesh)
    height, width = image.shape[:2]
    left, top = max(0, int(x0)), max(0, int(y0))
    patch = image[top : min(height, int(y1) + 1), left : min(width, int(x1) + 1)]
    if patch.size == 0:
        return np.zeros(PATCH_PX * PATCH_PX * 3, dtype=np.float32)
    small = cv2.resize(patch, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float32) / 255.0).ravel()


def _cost(
    track: _Track, mesh: NDArray[np.float32], look: NDArray[np.float32], time_s: float
) -> float:
    """Cost of taking `mesh` for `track`: way from the predicted place, size and look."""
    gap_s = time_s - track.time_s
    size = max(np.ptp(mesh[:, 0]), np.ptp(track.face.landmarks_px[:, 0]), 1.0)
    # A face unseen for long may be anywhere: trust the prediction less and less.
    predicted = _centre(track.face.landmarks_px) + track.velocity_px_s * min(gap_s, 0.5)
    way = float(np.hypot(*(_centre(mesh) - predicted))) / size / (1.0 + gap_s)
    ratio = inter_ocular_px(mesh) / max(inter_ocular_px(track.face.landmarks_px), 1e-6)
    look_change = float(np.abs(look - track.look).mean())
    return way + abs(float(np.log(max(ratio, 1e-6)))) + 4.0 * look_change


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
