"""Events, signals, sources and pipelines made by hand, so that the expected text can be too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from streamer.core.errors import MerError
from streamer.core.records import (
    AlignedFace,
    EmotionEvent,
    Face,
    FaceMotion,
    Frame,
    FrameSignals,
    Gate,
    Recognition,
    SourceInfo,
    SourceReport,
    Spot,
)
from streamer.outputs.step import Step

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


def make_face(face_id: int = 0) -> Face:
    return Face(face_id, (10.0, 20.0, 40.5, 60.25), LANDMARKS, score=0.875)


def make_signals(frame: int, time_s: float, face_id: int | None = 0) -> FrameSignals:
    """Signals of a face whose regions moved by 0.05, 0 and 0.1 IOD; of no face for None."""
    if face_id is None:
        return FrameSignals(frame, time_s, None, None)
    moved = np.array([[0.03, 0.04], [0.0, 0.0], [-0.06, 0.08]], dtype=np.float32)
    motion = FaceMotion(frame, time_s, face_id, moved, (1.5, -0.25), 0.125, (Gate.BLINK,))
    return FrameSignals(frame, time_s, make_face(face_id), motion)


def make_step(
    index: int,
    time_s: float,
    signals: Sequence[FrameSignals] = (),
    events: Sequence[EmotionEvent] = (),
    size: tuple[int, int] = (48, 64),
) -> Step:
    """A step with a grey picture of `size` (height, width)."""
    image = np.full((*size, 3), 90, dtype=np.uint8)
    return Step(Frame(index, time_s, image), tuple(signals), tuple(events))


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

    def __init__(self, on_signals: Callable[[FrameSignals], None]) -> None:
        self.source_name = ""
        self._on_signals = on_signals
        self._open: list[int] = []
        self.resets = 0
        self.closed = False

    def track(self, frame: Frame) -> list[AlignedFace]:
        return []

    def advance(self, frame: Frame, faces: Sequence[AlignedFace]) -> list[EmotionEvent]:
        self._on_signals(make_signals(frame.index, frame.time_s, 0 if frame.index >= 2 else None))
        if frame.index % 30 == 0:
            self._open.append(frame.index)
        due = [onset for onset in self._open if frame.index >= onset + 15]
        self._open = [onset for onset in self._open if onset not in due]
        return [self._event(onset) for onset in due]

    def flush(self) -> list[EmotionEvent]:
        events, self._open = [self._event(onset) for onset in self._open], []
        return events

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
