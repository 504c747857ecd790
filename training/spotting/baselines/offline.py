"""What the baselines share: they watch a whole recording and speak at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.records import AlignedFace, Kind, Spot
from streamer.faces.alignment import bring_to_anchor

Flow = NDArray[np.float32]  # [S, S, 2] x, y in aligned pixels


@dataclass(frozen=True, slots=True)
class Span:
    """A spotted interval in positions of the frames that were pushed."""

    kind: Kind
    onset: int
    apex: int
    offset: int
    score: float


class Watcher(Protocol):
    """Follows one face; its own state, one per face."""

    def push(self, face: AlignedFace) -> None: ...
    def finish(self) -> list[Span]: ...


class OfflineSpotter:
    """Runs a Watcher for every face; spots come from `flush` only, as the originals do."""

    def __init__(self, make: Callable[[], Watcher]) -> None:
        self._make = make
        self._watchers: dict[int, Watcher] = {}
        self._seen: dict[int, list[tuple[int, float]]] = {}

    def push(self, faces: Sequence[AlignedFace]) -> None:
        """Watch one frame."""
        for face in faces:
            face_id = face.face.face_id
            if face_id not in self._watchers:
                self._watchers[face_id], self._seen[face_id] = self._make(), []
            self._watchers[face_id].push(face)
            self._seen[face_id].append((face.index, face.time_s))

    def flush(self) -> list[Spot]:
        """All spots of the recording; what was seen is forgotten."""
        spots = []
        for face_id, watcher in self._watchers.items():
            seen = self._seen[face_id]
            spots += [_spot(face_id, span, seen) for span in watcher.finish()]
        self._watchers.clear()
        self._seen.clear()
        return spots


def _spot(face_id: int, span: Span, seen: Sequence[tuple[int, float]]) -> Spot:
    last = len(seen) - 1
    onset, apex, offset = (min(max(n, 0), last) for n in (span.onset, span.apex, span.offset))
    return Spot(
        face_id,
        span.kind,
        seen[onset][1],
        seen[apex][1],
        seen[offset][1],
        seen[onset][0],
        seen[apex][0],
        seen[offset][0],
        round(span.score, 4),
        (),
    )


class FlowMeter:
    """Dense inverse search flow (Kroeger et al. 2016) between two aligned faces of one person."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def between(self, first: AlignedFace, second: AlignedFace) -> Flow:
        """Flow from the first to the second, the first brought under the second's transform."""
        start = cv2.cvtColor(bring_to_anchor(first, second), cv2.COLOR_RGB2GRAY)
        end = cv2.cvtColor(second.image, cv2.COLOR_RGB2GRAY)
        return np.asarray(self._dis.calc(start, end, None), dtype=np.float32)


def runs_over(curve: NDArray, threshold: float) -> list[tuple[int, int]]:
    """First and last position of every run of samples above a threshold."""
    over = np.concatenate([[0], (curve > threshold).astype(np.int8), [0]])
    change = np.diff(over)
    starts, stops = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return [(int(a), int(b) - 1) for a, b in zip(starts, stops, strict=True)]
