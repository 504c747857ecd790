"""Aligned faces around every event, without loss: for looking closer, and for measuring again.

One `.npz` per event, written only where the user asked for faces:

| array | shape | |
|---|---|---|
| images | uint8 [T, S, S, 3] | aligned faces, RGB |
| time_s, frame, anchor | [T] | time, frame number, number of the held alignment |
| onset, apex, offset | int | their places among the T |
| landmarks | [468, 2] | the face mesh of the apex, in pixels of the aligned face |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.files.atomic import replacing
from streamer.core.files.strict_npz import Array, read_npz
from streamer.core.files.writing import writing
from streamer.core.records import AlignedFace, EmotionEvent, Spot
from streamer.faces.face_buffer import FaceBuffer
from streamer.faces.landmarks import N_LANDMARKS
from streamer.faces.transforms import transform_points
from streamer.outputs.record import event_id
from streamer.outputs.sinks import EventFaces

AROUND_S = 0.2  # before the onset and after the offset
_ARRAYS = ("images", "time_s", "frame", "anchor")
_STRIP = {
    "images": Array(("u1",), (None, None, None, 3)),
    "time_s": Array(("f",), (None,)),
    "frame": Array(("i", "u"), (None,)),
    "anchor": Array(("i", "u"), (None,)),
    "moments": Array(("i", "u"), (3,)),
    "landmarks": Array(("f",), (N_LANDMARKS, 2), needed=False),  # not in older files
}
MAX_FACES = 64  # of one event; of more, every n-th and the three moments


@dataclass(frozen=True, slots=True, eq=False)
class FaceStrip:
    """The aligned faces around one event, in the order of time."""

    images: NDArray[np.uint8]  # [T, S, S, 3] RGB
    time_s: NDArray[np.float64]  # [T]
    frame: NDArray[np.int64]  # [T]
    anchor: NDArray[np.int64]  # [T]
    onset: int
    apex: int
    offset: int
    landmarks: NDArray[np.float32] | None = None  # the apex's mesh [468, 2] in aligned pixels


class AlignedFaces(EventFaces):
    """Writes a strip for every event whose onset and apex are still kept."""

    def write_event(self, event: EmotionEvent) -> None:
        """One file, or none."""
        strip = take_strip(self.recent, event.spot)
        if strip is not None:
            write_strip(strip, strip_path(self.folder, event))


def strip_path(folder: Path, event: EmotionEvent) -> Path:
    """The file of an event's strip."""
    return folder / f"{event_id(event)}.npz"


def take_strip(recent: FaceBuffer, spot: Spot) -> FaceStrip | None:
    """The faces around a spot; None where its onset or apex is not kept any more."""
    kept = recent.span(spot.face_id, spot.onset_s - AROUND_S, spot.offset_s + AROUND_S)
    places = {face.index: place for place, face in enumerate(kept)}
    if spot.onset_frame not in places or spot.apex_frame not in places:
        return None
    moments = (spot.onset_frame, spot.apex_frame, spot.offset_frame)
    faces = _thinned(kept, {places[frame] for frame in moments if frame in places})
    places = {face.index: place for place, face in enumerate(faces)}
    return FaceStrip(
        np.stack([face.image for face in faces]),
        np.array([face.time_s for face in faces]),
        np.array([face.index for face in faces], dtype=np.int64),
        np.array([face.anchor for face in faces], dtype=np.int64),
        places[spot.onset_frame],
        places[spot.apex_frame],
        places.get(spot.offset_frame, len(faces) - 1),
        _aligned_mesh(faces[places[spot.apex_frame]]),
    )


def _aligned_mesh(face: AlignedFace) -> NDArray[np.float32]:
    """The mesh as it was in this frame, [468, 2]; `AlignedFace` has that of its anchor."""
    return np.asarray(transform_points(face.frame_to_face, face.face.landmarks_px)[:, :2])


def write_strip(strip: FaceStrip, path: Path) -> None:
    """Whole or not at all. Raises OutputError."""
    mesh: dict[str, Any] = {} if strip.landmarks is None else {"landmarks": strip.landmarks}
    with replacing(path) as part, writing(path), part.open("wb") as file:
        np.savez_compressed(
            file,
            images=strip.images,
            time_s=strip.time_s,
            frame=strip.frame,
            anchor=strip.anchor,
            moments=np.array([strip.onset, strip.apex, strip.offset]),
            **mesh,
        )


def read_strip(path: Path) -> FaceStrip:
    """What `write_strip` wrote.

    Raises:
        SourceNotFoundError, SourceFormatError: no such file, or another one.
    """
    try:
        held = read_npz(path, _STRIP)
        onset, apex, offset = (int(place) for place in held["moments"])
        count = len(held["time_s"])
        images, time_s, frame, anchor = (held[name] for name in _ARRAYS)
        if any(len(held[name]) != count for name in _ARRAYS):
            raise ValueError("its arrays differ in length")
        if images.shape[1] != images.shape[2]:
            raise ValueError(f"its pictures are of {images.shape[2]} x {images.shape[1]}")
        if not all(0 <= place < count for place in (onset, apex, offset)):
            raise ValueError(f"it has {count} faces, and moments {onset}, {apex}, {offset}")
    except FileNotFoundError:
        raise SourceNotFoundError(
            f"{path.name} is not there: the faces of this event were not kept"
        ) from None
    except ValueError as error:
        raise SourceFormatError(f"{path.name} holds no faces of an event: {error}") from None
    mesh = held.get("landmarks")
    return FaceStrip(images, time_s, frame, anchor, onset, apex, offset, mesh)


def _thinned(faces: Sequence[AlignedFace], keep: set[int]) -> list[AlignedFace]:
    """At most about MAX_FACES of them, those of `keep` among them."""
    every = max(1, -(-len(faces) // MAX_FACES))
    return [face for place, face in enumerate(faces) if place % every == 0 or place in keep]
