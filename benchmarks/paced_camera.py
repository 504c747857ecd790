"""A film played as a camera would, and a pipeline that notes when it is given each picture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from streamer.core.pictures import Picture
from streamer.core.records import Frame, FrameResult, TrackedFaces
from streamer.run.pipeline import Pipeline
from streamer.sources import SourceConfig, open_source


class PacedCapture:
    """A film as a camera: each picture is decoded when it is due, not before."""

    def __init__(self, film: Path, fps: float) -> None:
        self._film, self._fps = film, fps
        self.due_s: list[float] = []  # on the clock, by number
        self.queued_s: list[float] = []

    def __iter__(self) -> Iterator[tuple[float, Picture]]:
        with open_source(str(self._film), SourceConfig(decode_threads=1)) as source:
            frames = iter(source)
            start_s = time.monotonic() + 0.1
            while True:
                due_s = start_s + len(self.due_s) / self._fps
                time.sleep(max(0.0, due_s - time.monotonic()))
                frame = next(frames, None)
                if frame is None:
                    return
                self.due_s.append(due_s)
                self.queued_s.append(time.monotonic())
                yield frame.time_s, frame.picture

    def close(self) -> None:
        """Nothing is left open."""


class WatchedPipeline:
    """A pipeline that notes when it is given each picture, which is when it leaves the queue."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.taken_s: list[float] = []

    def track(self, frame: Frame) -> TrackedFaces:
        self.taken_s.append(time.monotonic())
        return self._pipeline.track(frame)

    def lose(self) -> None:
        self._pipeline.lose()

    def advance(self, frame: Frame, tracked: TrackedFaces) -> FrameResult:
        return self._pipeline.advance(frame, tracked)

    def flush(self) -> FrameResult:
        return self._pipeline.flush()
