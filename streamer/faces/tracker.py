"""Faces with ids that stay: through short losses, fast movements and crossings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from streamer.core.records import Face, Frame, MissingFace
from streamer.core.snapshot_check import is_alike
from streamer.faces.absence import LastClue, explain
from streamer.faces.config import FaceConfig
from streamer.faces.finder import Finder
from streamer.faces.identity import (
    Candidate,
    Track,
    box_of,
    centre_of,
    look_of,
    match,
    size_of,
    updated,
    without_doubles,
)
from streamer.faces.landmarks import Mesh, inter_ocular_px, is_degenerate, roll_rad
from streamer.faces.patch_change import Patch, patches_of
from streamer.faces.roll import Roll
from streamer.faces.views import View, around, further_views, whole

VIEWS_PER_SEARCH = 8  # besides the whole picture, while nobody is followed
VIEWS_WHILE_FOLLOWED = 2  # where the one who is followed is too small for the whole picture
_MOST_SCALE, _MOST_WAY = 2.0, 1.5  # of one measurement to the next; no head does that in 0.25 s
_AROUND_LOST = 3.0  # face sizes: where a face that was just lost is looked for
_SMALL = 0.06  # IOD over the picture's longer side: below, the whole picture does not show a face
_CHECKED_S = 3.0  # a new face is asked whether it is the right way up for so long
_UPSIDE_DOWN = -0.05


class FaceTracker:
    """Measures the mesh every `mesh_interval_s`, carries it over in between, and keeps ids.

    While a face's picture changes its mesh is measured every `moving_interval_s` as well.

    The schedule depends on the frames' times alone, so a file and a stream of the same frames give
    the same faces; and all that is remembered is in `state_dict`.
    """

    STATE = (
        *("_tracks", "_current", "_measured_s", "_searched_s", "_next_id", "_next_view"),
        *("_roll", "_missing", "_clue", "_meshed_s", "_patches"),
    )

    def __init__(self, finder: Finder, config: FaceConfig) -> None:
        self._finder = finder
        self._config = config
        self._tracks: dict[int, Track] = {}
        self._current: list[Face] = []
        self._measured_s = self._searched_s = -np.inf
        self._next_id = self._next_view = 0
        self._roll = Roll()
        self._missing: MissingFace | None = None
        self._clue = LastClue()
        self._meshed_s = -np.inf  # when meshes were last measured, by schedule or by movement
        self._patches: tuple[Patch, ...] = ()  # what the faces looked like then

    @property
    def is_resumable(self) -> bool:
        """Whether `state_dict` is all that is remembered."""
        return self._finder.is_resumable

    @property
    def missing(self) -> MissingFace | None:
        """Why the last frame has no face; None where it has one."""
        return None if self._current else self._missing

    def push(self, frame: Frame) -> list[Face]:
        """Faces of this frame, lowest id first; empty when no face is there."""
        due = self._measured_s + self._config.mesh_interval_s - 1e-4
        if frame.time_s < due:
            if self._is_moving(frame):
                return self._measure_again(frame)
            return [_carried(face) for face in self._current]
        self._measured_s = frame.time_s
        self._forget_the_long_lost(frame.time_s)
        found = self._follow(frame)
        if self._is_search_due(frame, found):
            found = without_doubles([*found, *self._search(frame, found)])
        self._current = self._name(frame, found[: self._config.max_faces])
        self._remember_patches(frame)
        return list(self._current)

    def lose(self) -> None:
        """The pictures broke off: search the next frame afresh, and give known faces their ids."""
        self._finder.forget()
        self._current = []
        self._measured_s = self._searched_s = -np.inf

    def reset(self) -> None:
        """Forget everything; the next frame starts a new stream with ids from 0."""
        self._finder.forget()
        self._tracks, self._current = {}, []
        self._measured_s = self._searched_s = -np.inf
        self._next_id = self._next_view = 0
        self._roll, self._missing, self._clue = Roll(), None, LastClue()
        self._meshed_s, self._patches = -np.inf, ()

    def close(self) -> None:
        """Free the models."""
        self._finder.close()

    def state_dict(self) -> dict[str, Any]:
        """All that is remembered; to be captured before the next frame."""
        return {name: getattr(self, name) for name in self.STATE}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises ValueError for that of something else."""
        if set(state) != set(self.STATE):
            raise ValueError(f"not the state of a face tracker: it holds {', '.join(state)}")
        for name, value in state.items():
            if not is_alike(getattr(self, name), value):
                raise ValueError(f"{name} is no {name} of a face tracker")
        for name, value in state.items():
            setattr(self, name, value)

    def _is_moving(self, frame: Frame) -> bool:
        """Whether a face has changed since its mesh was measured, and that is some time ago."""
        since_s = frame.time_s - self._meshed_s
        if not self._current or since_s < self._config.moving_interval_s - 1e-4:
            return False
        return any(patch.has_changed(frame.picture) for patch in self._patches)

    def _measure_again(self, frame: Frame) -> list[Face]:
        """Between two scheduled measurements: the known faces anew, nobody found or lost."""
        known = [Mesh(face.landmarks_px, face.score) for face in self._current]
        meshes = self._finder.follow(frame.image, known)
        self._current = [
            _carried(face) if mesh is None or not _is_possible(face, mesh) else _moved(face, mesh)
            for face, mesh in zip(self._current, meshes, strict=True)
        ]
        self._remember_patches(frame)
        return list(self._current)

    def _remember_patches(self, frame: Frame) -> None:
        self._meshed_s = frame.time_s
        self._patches = ()
        if self._config.moving_interval_s < self._config.mesh_interval_s:
            meshes = [face.landmarks_px for face in self._current]
            self._patches = patches_of(frame.picture, meshes)

    def _forget_the_long_lost(self, time_s: float) -> None:
        memory = self._config.id_memory_s
        self._tracks = {i: t for i, t in self._tracks.items() if time_s - t.time_s <= memory}

    def _follow(self, frame: Frame) -> list[Candidate]:
        """The faces of the last measurement that are still there."""
        known = [Mesh(face.landmarks_px, face.score) for face in self._current]
        found = []
        for face, mesh in zip(self._current, self._finder.follow(frame.image, known), strict=True):
            if mesh is not None and _is_possible(face, mesh):
                mesh = self._righted(frame, face, mesh)
                look = look_of(frame.image, mesh.landmarks_px)
                found.append(Candidate(mesh, look, face.face_id))
        return without_doubles(found)

    def _righted(self, frame: Frame, face: Face, mesh: Mesh) -> Mesh:
        """A mesh turned by half, where a face turns out to be upside down."""
        track = self._tracks.get(face.face_id)
        if track is None or frame.time_s - track.first_s > _CHECKED_S:
            return mesh
        if not self._is_interval_over(frame.time_s):
            return mesh
        if self._finder.evidence(frame.image, mesh) >= _UPSIDE_DOWN:
            return mesh
        return self._finder.upended(frame.image, mesh) or mesh

    def _is_interval_over(self, time_s: float) -> bool:
        return bool(time_s >= self._searched_s + self._config.search_interval_s - 1e-4)

    def _is_search_due(self, frame: Frame, found: list[Candidate]) -> bool:
        """When nobody is followed or somebody was lost, after somebody came, and now and then."""
        if len(found) >= self._config.max_faces:
            return False
        lost = len(found) < len(self._tracks)
        first_s = max((track.first_s for track in self._tracks.values()), default=-np.inf)
        came = frame.time_s - first_s < self._config.search_interval_s - 1e-4
        return not found or lost or came or self._is_interval_over(frame.time_s)

    def _search(self, frame: Frame, found: list[Candidate]) -> list[Candidate]:
        if self._is_interval_over(frame.time_s) or not found:
            self._searched_s = frame.time_s
        known = [one.mesh for one in found]
        views = self._views(frame, found)
        seen = self._finder.search(frame.image, views, known, self._roll.angle_rad)
        if not found and not seen.meshes:
            self._missing = self._clue.among(explain(frame.image, seen), frame.time_s)
        return [
            Candidate(mesh, look_of(frame.image, mesh.landmarks_px))
            for mesh in seen.meshes
            if not is_degenerate(mesh.landmarks_px)
        ]

    def _views(self, frame: Frame, found: list[Candidate]) -> list[View]:
        """Where the lost ones were; the whole picture; and some further views in turn."""
        height, width = frame.image.shape[:2]
        turn = self._roll.quarters
        there = {one.followed for one in found}
        views = [
            _around_lost(track, (width, height), frame.time_s)
            for face_id, track in self._tracks.items()
            if face_id not in there
        ]
        views.append(whole(width, height, turn))
        further = further_views(width, height, turn)
        count = VIEWS_PER_SEARCH
        if found:
            further = tuple(view for view in further if view.quarters == turn)
            iod_px = min(inter_ocular_px(one.mesh.landmarks_px) for one in found)
            count = VIEWS_WHILE_FOLLOWED if iod_px < _SMALL * max(width, height) else 0
        count = min(count, len(further))
        first = self._next_view % max(len(further), 1)
        self._next_view = first + count
        return views + [further[(first + n) % len(further)] for n in range(count)]

    def _name(self, frame: Frame, found: list[Candidate]) -> list[Face]:
        ids = match(found, self._tracks, frame.time_s)
        faces = []
        for one, known_id in zip(found, ids, strict=True):
            face_id = self._next_id if known_id is None else known_id
            self._next_id = max(self._next_id, face_id + 1)
            points = one.mesh.landmarks_px
            face = Face(face_id, box_of(points), points, one.mesh.score)
            old = self._tracks.get(face_id)
            track = updated(old, face, one.look, frame.time_s)
            self._tracks[face_id] = track
            self._roll.add(roll_rad(points), track.first_roll_rad)
            faces.append(face)
        return sorted(faces, key=lambda face: face.face_id)


def _carried(face: Face) -> Face:
    return Face(face.face_id, face.box_px, face.landmarks_px, face.score, measured=False)


def _moved(face: Face, mesh: Mesh) -> Face:
    return Face(face.face_id, box_of(mesh.landmarks_px), mesh.landmarks_px, mesh.score)


def _is_possible(face: Face, mesh: Mesh) -> bool:
    """Whether a head can have moved so from one measurement to the next."""
    before, after = face.landmarks_px, mesh.landmarks_px
    scale = inter_ocular_px(after) / max(inter_ocular_px(before), 1e-6)
    way = float(np.hypot(*(centre_of(after) - centre_of(before)))) / size_of(before)
    return 1.0 / _MOST_SCALE < scale < _MOST_SCALE and way < _MOST_WAY


def _around_lost(track: Track, size_px: tuple[int, int], time_s: float) -> View:
    points = track.face.landmarks_px
    x, y = centre_of(points) + track.velocity_px_s * min(time_s - track.time_s, 0.5)
    side = _AROUND_LOST * size_of(points)
    turn = round(roll_rad(points) / (np.pi / 2)) % 4
    return around(float(x), float(y), side, size_px, turn)
