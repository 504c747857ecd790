"""The last seconds of aligned faces: onset and apex are looked up here once they are known."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from streamer.core.records import AlignedFace


class FaceBuffer:
    """Keeps the aligned faces of every face id for `keep_s` seconds of stream time."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._faces: dict[int, deque[AlignedFace]] = {}

    def push(self, time_s: float, faces: Sequence[AlignedFace]) -> None:
        """Add the faces of one frame; forget what is older than `keep_s`, of all ids."""
        for face in faces:
            self._faces.setdefault(face.face.face_id, deque()).append(face)
        for face_id in list(self._faces):
            kept = self._faces[face_id]
            while kept and kept[0].time_s < time_s - self._keep_s:
                kept.popleft()
            if not kept:
                del self._faces[face_id]

    def find(self, face_id: int, frame: int) -> AlignedFace | None:
        """The aligned face of that id in that frame, or None if it is not kept (any more)."""
        for face in self._faces.get(face_id, ()):
            if face.index == frame:
                return face
        return None

    def span(self, face_id: int, start_s: float, end_s: float) -> list[AlignedFace]:
        """The kept faces of that id from `start_s` to `end_s`, in the order of time."""
        return [face for face in self._faces.get(face_id, ()) if start_s <= face.time_s <= end_s]

    def copy(self) -> FaceBuffer:
        """A buffer of its own that begins with the same faces."""
        made = FaceBuffer(self._keep_s)
        made._faces = {face_id: deque(kept) for face_id, kept in self._faces.items()}
        return made

    def clear(self) -> None:
        """Forget everything."""
        self._faces.clear()

    def __len__(self) -> int:
        return sum(len(kept) for kept in self._faces.values())
