"""Events, results, sources and pipelines made by hand, so that the expected text can be too."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from streamer.core.errors import MerError
from streamer.core.records import (
    ActionUnit,
    AlignedFace,
    EmotionEvent,
    Face,
    FaceMotion,
    Frame,
    FrameResult,
    Gate,
    Recognition,
    SourceInfo,
    SourceReport,
    Spot,
    TrackedFaces,
)

REGIONS = ("brow_left", "brow_right", "mouth")
LANDMARKS = np.zeros((468, 3), dtype=np.float32)


def make_event(
    *,
    source: str = "clips/p01 a.mp4",
    face_id: int = 1,
    onset_frame: int = 30,
    kind: str = "micro",
    recognised: bool = True,
) -> EmotionEvent:
    """An event at 30 frames a second: apex 5, offset 9 frames after the onset."""
    spot = Spot(
        face_id=face_id,
        kind=kind,  # type: ignore[arg-type]
        onset_s=onset_frame / 30,
        apex_s=(onset_frame + 5) / 30,
        offset_s=(onset_frame + 9) / 30,
        onset_frame=onset_frame,
        apex_frame=onset_frame + 5,
        offset_frame=onset_frame + 9,
        score=2.5,
        regions=("mouth", "brow_left"),
    )
    said = Recognition("surprise", {"negative": 0.2, "positive": 0.1, "surprise": 0.7}, 0.625)
    emitted_s = (onset_frame + 15) / 30
    return EmotionEvent(spot, said if recognised else None, source, emitted_s)


UNITS_TOLD = (
    ActionUnit("1", "both", 0.9123456, 1.0),
    ActionUnit("2", "L", 0.75, 0.5),
    ActionUnit("7", "R", 0.625, 0.25),
)


def with_units(
    event: EmotionEvent,
    units: tuple[ActionUnit, ...] = UNITS_TOLD,
    because: str = "1+L2",
    prototype: str | None = "surprise",
) -> EmotionEvent:
    """The event by a model that tells units; by default 1+L2+R7, of which 1+L2 speak for it."""
    assert event.recognition is not None
    said = replace(event.recognition, units=units, because=because, prototype=prototype)
    return replace(event, recognition=said)


def make_face(face_id: int = 0) -> Face:
    return Face(face_id, (10.0, 20.0, 40.5, 60.25), LANDMARKS, score=0.875)


def make_aligned(frame: int, time_s: float, face: Face) -> AlignedFace:
    image = np.full((4, 4, 3), frame % 256, dtype=np.uint8)
    return AlignedFace(frame, time_s, image, face, 0, np.eye(2, 3, dtype=np.float32), LANDMARKS)


def make_motion(frame: int, time_s: float, face_id: int = 0) -> FaceMotion:
    """Regions that moved by 0.05, 0 and 0.1 IOD, in a blink."""
    moved = np.array([[0.03, 0.04], [0.0, 0.0], [-0.06, 0.08]], dtype=np.float32)
    return FaceMotion(frame, time_s, face_id, moved, (1.5, -0.25), 0.125, (Gate.BLINK,))


def make_result(
    index: int,
    time_s: float,
    faces: Sequence[int] = (),
    events: Sequence[EmotionEvent] = (),
    size: tuple[int, int] = (48, 64),
) -> FrameResult:
    """A grey picture of `size` (height, width), in which faces of these ids move."""
    image = np.full((*size, 3), 90, dtype=np.uint8)
    return FrameResult(
        Frame(index, time_s, image),
        tuple(make_aligned(index, time_s, make_face(face_id)) for face_id in faces),
        tuple(make_motion(index, time_s, face_id) for face_id in faces),
        tuple(events),
    )


class FakeSource:
    """`frames` grey frames at 30 a second; `pause_s` between them; `error` after the last."""

    def __init__(
        self,
        name: str = "fake.mp4",
        frames: int = 60,
        *,
        live: bool = False,
        pause_s: float = 0.0,
        truncated: bool = False,
        error: MerError | None = None,
    ) -> None:
        self.info = SourceInfo(name, "file", live, 64, 48, 30.0, frames, frames / 30)
        self._frames = frames
        self._pause_s = pause_s
        self._truncated = truncated
        self._error = error
        self._read = 0
        self.closed = False

    @property
    def report(self) -> SourceReport:
        repairs = {"late_first_pts": 1}
        return SourceReport(self._read, 0, 0, self._truncated, repairs, ())

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._frames):
            time.sleep(self._pause_s)
            self._read += 1
            yield Frame(index, index / 30, np.full((48, 64, 3), 90, dtype=np.uint8))
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.closed = True


class FakePipeline:
    """One face from the third frame on; an event every 30 frames, known 15 frames later."""

    def __init__(self) -> None:
        self.source_name = ""
        self._open: list[int] = []
        self.resets = 0
        self.closed = False

    def track(self, frame: Frame) -> TrackedFaces:
        return TrackedFaces()

    def advance(self, frame: Frame, tracked: TrackedFaces) -> FrameResult:
        if frame.index % 30 == 0:
            self._open.append(frame.index)
        due = [onset for onset in self._open if frame.index >= onset + 15]
        self._open = [onset for onset in self._open if onset not in due]
        seen = make_result(frame.index, frame.time_s, (0,) if frame.index >= 2 else ())
        return replace(seen, frame=frame, events=tuple(map(self._event, due)))

    def flush(self) -> FrameResult:
        still_open, self._open = self._open, []
        return FrameResult(None, events=tuple(map(self._event, still_open)))

    def warm_up(self, image: object) -> None:
        """There is nothing to load."""

    def reset(self) -> None:
        self.resets += 1
        self._open = []

    def close(self) -> None:
        self.closed = True

    def _event(self, onset: int) -> EmotionEvent:
        kind = "macro" if onset == 30 else "micro"
        return make_event(source=self.source_name, face_id=0, onset_frame=onset, kind=kind)
