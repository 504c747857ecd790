"""Runs one source through the pipeline, with decoding and face tracking in a second thread."""

from __future__ import annotations

import contextlib
import functools
import queue
import sys
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from typing import Protocol

from streamer.errors import MerError
from streamer.libs import import_cv2
from streamer.outputs.step import Sink, Step
from streamer.records import (
    AlignedFace,
    EmotionEvent,
    Frame,
    FrameSignals,
    SourceInfo,
    SourceReport,
)

# A file's frames go from thread to thread in batches: each stage then works from warm caches, and
# the interpreter changes hands less often. A live source waits for nothing and has its own queue.
_FILE_BATCH = 16
_BATCH_BYTES = 64_000_000
_FILE_DEPTH = 2
_LIVE_DEPTH = 1
_POLL_S = 0.1
_JOIN_S = 2.0

_Pair = tuple[Frame, Sequence[AlignedFace]]


class SourceLike(Protocol):
    """What the runner needs of a source."""

    @property
    def info(self) -> SourceInfo: ...
    @property
    def report(self) -> SourceReport: ...
    def __iter__(self) -> Iterator[Frame]: ...
    def close(self) -> None: ...


class PipelineLike(Protocol):
    """What the runner needs of a pipeline; `track` runs in the worker thread."""

    def track(self, frame: Frame) -> Sequence[AlignedFace]: ...
    def advance(self, frame: Frame, faces: Sequence[AlignedFace]) -> list[EmotionEvent]: ...
    def flush(self) -> list[EmotionEvent]: ...


def never() -> bool:
    """Never stop early."""
    return False


def steps(
    source: SourceLike,
    pipeline: PipelineLike,
    signals: list[FrameSignals],
    *,
    stop: Callable[[], bool] = never,
    max_seconds: float | None = None,
    kinds: Collection[str] = ("micro", "macro"),
) -> Generator[Step, None, None]:
    """One step per frame, then a last one without a frame that carries what was still open.

    `signals` is the list that the pipeline's `on_signals` appends to. `stop` is asked between
    frames; `max_seconds` is stream time; events of other kinds than `kinds` are left out. An error
    of the source or the pipeline is raised after the last step, so nothing found before it is lost.
    The source is closed at the end of the walk, or when the generator is closed.
    """
    failure: MerError | None = None
    worker = _Worker(source, pipeline.track, max_seconds)
    try:
        with _two_busy_threads():
            for frame, faces in worker.pairs(stop):
                signals.clear()
                events = pipeline.advance(frame, faces)
                yield Step(frame, tuple(signals), _of(events, kinds))
    except MerError as error:
        failure = error
    finally:
        worker.close()
    yield Step(None, (), _of(pipeline.flush(), kinds))
    if failure is not None:
        raise failure


@contextlib.contextmanager
def _two_busy_threads() -> Iterator[None]:
    """Settings of the process for two threads that share the cores; put back afterwards.

    OpenCV's own threads would only get in their way, and Python's 5 ms of patience before another
    thread may go on would cost a fifth.
    """
    cv2 = import_cv2()
    interval_s, threads = sys.getswitchinterval(), cv2.getNumThreads()
    sys.setswitchinterval(min(interval_s, 0.0005))
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        sys.setswitchinterval(interval_s)
        cv2.setNumThreads(threads)


def _of(events: Sequence[EmotionEvent], kinds: Collection[str]) -> tuple[EmotionEvent, ...]:
    return tuple(event for event in events if event.spot.kind in kinds)


class Fanout:
    """Hands each step to all sinks. One that fails is closed; the others get the rest.

    `own` sinks are closed with the fan-out, `shared` ones go on to the next source.
    """

    def __init__(self, shared: Sequence[Sink] = ()) -> None:
        self._shared = list(shared)
        self.own: list[Sink] = []
        self.failure: MerError | BrokenPipeError | None = None

    def share(self, sinks: Sequence[Sink]) -> None:
        """Add sinks that outlive this fan-out."""
        self._shared.extend(sinks)

    def write(self, step: Step) -> None:
        """Never raises for a sink that cannot write: look at `failure`."""
        for sinks in (self._shared, self.own):
            for sink in list(sinks):
                if not self._try(functools.partial(sink.write, step)):
                    sinks.remove(sink)
                    self._try(sink.close)

    def close(self) -> None:
        """Close the own sinks, whatever happens to one of them."""
        for sink in self.own:
            self._try(sink.close)
        self.own = []

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except (MerError, BrokenPipeError) as error:
            self.failure = self.failure or error
            return False
        return True


def _batch_size(info: SourceInfo) -> int:
    frame_bytes = max(3 * info.width_px * info.height_px, 1)
    return max(1, min(_FILE_BATCH, _BATCH_BYTES // frame_bytes))


class _Worker:
    """Decodes and tracks ahead of the caller. Whatever it raises is raised in the caller."""

    def __init__(
        self,
        source: SourceLike,
        track: Callable[[Frame], Sequence[AlignedFace]],
        max_seconds: float | None,
    ) -> None:
        self._source = source
        self._track = track
        self._max_seconds = max_seconds
        self._batch = 1 if source.info.live else _batch_size(source.info)
        depth = _LIVE_DEPTH if source.info.live else _FILE_DEPTH
        self._queue: queue.Queue[list[_Pair] | None] = queue.Queue(depth)
        self._cancelled = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="decode-and-track", daemon=True)

    def pairs(self, stop: Callable[[], bool]) -> Iterator[_Pair]:
        """Frames with their faces, in order, until the source ends or `stop` says so."""
        self._thread.start()
        while not stop():
            try:
                batch = self._queue.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if batch is None:
                break
            for pair in batch:
                yield pair
                if stop():
                    return
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Stop the thread and close the source.

        A thread that hangs in a read is left behind with its source, which must not be freed under
        it, and ends with the process.
        """
        self._cancelled.set()
        if self._source.info.live:
            self._source.close()  # made for it: this wakes a reader that waits
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
        if not self._thread.is_alive():
            self._source.close()

    def _work(self) -> None:
        frames: list[Frame] = []
        try:
            for frame in self._source:
                if self._max_seconds is not None and frame.time_s >= self._max_seconds:
                    break
                frames.append(frame)
                if len(frames) == self._batch:
                    batch, frames = frames, []
                    if not self._put_tracked(batch):
                        return
        except BaseException as error:  # noqa: BLE001  raised again in the caller
            self._error = error
        self._finish(frames)
        self._put(None)

    def _finish(self, frames: list[Frame]) -> None:
        """Hand over what was decoded before the end; an error of the source stays the first."""
        try:
            self._put_tracked(frames)
        except BaseException as error:  # noqa: BLE001  raised again in the caller
            self._error = self._error or error

    def _put_tracked(self, frames: list[Frame]) -> bool:
        return self._put([(frame, self._track(frame)) for frame in frames])

    def _put(self, batch: list[_Pair] | None) -> bool:
        while not self._cancelled.is_set():
            try:
                self._queue.put(batch, timeout=_POLL_S)
                return True
            except queue.Full:
                continue
        return False
