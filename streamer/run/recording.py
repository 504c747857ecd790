"""Runs one source through the pipeline, with decoding and face tracking in a second thread."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from streamer.core.errors import FAULTS, InternalError, MerError
from streamer.core.process.libraries import import_cv2
from streamer.core.records import (
    AlignedFace,
    EmotionEvent,
    Frame,
    FrameSignals,
    Loss,
)
from streamer.outputs.step import Sink, Step
from streamer.run.prefetch import Ahead, Inline, SourceLike


class PipelineLike(Protocol):
    """What the runner needs of a pipeline; `track` and `lose` run in the worker thread."""

    def track(self, frame: Frame) -> Sequence[AlignedFace]: ...
    def lose(self) -> None: ...
    def advance(self, frame: Frame, faces: Sequence[AlignedFace]) -> list[EmotionEvent]: ...
    def flush(self) -> list[EmotionEvent]: ...


class Checkpoints(Protocol):
    """Keeps the state of a run now and then."""

    def begin(self, frame: Frame) -> Any:
        """Half of a checkpoint before `frame` is tracked, in the thread that tracks; or None."""
        ...

    def finish(self, frame: Frame, half: Any) -> None:
        """The other half, before `frame` is advanced: all steps before it have been taken."""
        ...


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
    checkpoints: Checkpoints | None = None,
    threads: int = 2,
) -> Generator[Step, None, None]:
    """One step per frame, then a last one without a frame that carries what was still open.

    Where a live source is lost there is a step without a frame at once, before the source is opened
    again. Events that were open when the pictures broke off (a loss, `stop`, `max_seconds`, an
    error, a recording that is cut short) are marked `cut`.

    `signals` is the list that the pipeline's `on_signals` appends to. `stop` is asked between
    frames; `max_seconds` is stream time; events of other kinds than `kinds` are left out. With one
    of `threads`, all is done in the caller's: for many recordings side by side. An error
    of the source or the pipeline is raised after the last step, so nothing found before it is lost.
    The source is closed at the end of the walk, or when the generator is closed.
    """
    failure: MerError | None = None
    begin = checkpoints.begin if checkpoints is not None else None
    kind = Ahead if threads > 1 else Inline
    worker = kind(source, pipeline, begin, max_seconds)
    try:
        with _two_busy_threads():
            for frame, faces, half in worker.tracked(stop):
                if isinstance(frame, Loss):
                    yield Step(None, (), _of(_cut(pipeline.flush()), kinds))
                    continue
                if half is not None and checkpoints is not None:
                    checkpoints.finish(frame, half)
                signals.clear()
                events = pipeline.advance(frame, faces)
                yield Step(frame, tuple(signals), _of(events, kinds))
    except MerError as error:
        failure = error
    except FAULTS as error:
        failure = InternalError(error)
    finally:
        worker.close()
    broke_off = failure is not None or worker.broke_off or source.report.truncated
    try:
        last = pipeline.flush()
    except FAULTS as error:
        last, failure = [], failure or InternalError(error)
    yield Step(None, (), _of(_cut(last) if broke_off else last, kinds))
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


def _cut(events: Sequence[EmotionEvent]) -> list[EmotionEvent]:
    return [replace(event, cut=True) for event in events]


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
