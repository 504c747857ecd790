"""The one loop over a recording: a frame in, its result out, to all sinks and to the caller.

`RecordingRun` is one turn of the loop; a camera whose frames are handed over one by one, as in the
page, pushes them itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import replace
from typing import Any, Protocol

from streamer.core.day_clock import DayClock
from streamer.core.errors import FAULTS, InternalError, MerError
from streamer.core.process.two_threads import two_busy_threads
from streamer.core.records import EmotionEvent, Frame, FrameResult, Loss, Part, TrackedFaces
from streamer.outputs.sinks import Sinks
from streamer.run.part import within
from streamer.run.prefetch import Inline, Prefetch, SourceLike

ALL_KINDS = ("micro", "macro")


class PipelineLike(Protocol):
    """What the loop needs of a pipeline; `track` and `lose` may run in another thread."""

    def track(self, frame: Frame) -> TrackedFaces: ...
    def lose(self) -> None: ...
    def advance(self, frame: Frame, tracked: TrackedFaces) -> FrameResult: ...
    def flush(self) -> FrameResult: ...


class Checkpoints(Protocol):
    """Keeps the state of a run now and then."""

    def begin(self, frame: Frame) -> Any:
        """Half of a checkpoint before `frame` is tracked, in the thread that tracks; or None."""
        ...

    def finish(self, frame: Frame, half: Any) -> None:
        """The other half, before `frame` is advanced: the sinks have all results before it."""
        ...


NOTHING = FrameResult(None)  # of a frame before or after the part that is asked for


def never() -> bool:
    """Never stop early."""
    return False


class RecordingRun:
    """One recording through a pipeline to its sinks, frame by frame."""

    def __init__(
        self,
        pipeline: PipelineLike,
        sinks: Sinks | None = None,
        kinds: Collection[str] = ALL_KINDS,
        part: Part | None = None,
        starts_at: DayClock | None = None,
    ) -> None:
        """kinds: events of other kinds are left out. part: so is what is outside of it.

        starts_at: the time of day at time 0.
        """
        self._part = part
        self._pipeline = pipeline
        self._sinks = Sinks() if sinks is None else sinks
        self._kinds = kinds
        self._starts_at = starts_at

    def push(self, frame: Frame, tracked: TrackedFaces | None = None) -> FrameResult:
        """What became known with a frame. `tracked`: where its faces have been tracked already."""
        if tracked is None:
            tracked = self._pipeline.track(frame)
        return self._hand_on(self._pipeline.advance(frame, tracked))

    def end(self, *, cut: bool = False) -> FrameResult:
        """What was still open when the pictures ended; with `cut` they broke off."""
        result = self._pipeline.flush()
        if cut:
            result = replace(result, events=tuple(replace(e, cut=True) for e in result.events))
        return self._hand_on(result)

    def _hand_on(self, result: FrameResult) -> FrameResult:
        if not all(map(self._is_wanted, result.events)):
            result = replace(result, events=tuple(filter(self._is_wanted, result.events)))
        if self._part is not None:
            inside = within(result, self._part)
            if inside is None:
                return NOTHING
            result = inside
        if self._starts_at is not None and result.events:
            result = replace(result, events=tuple(map(self._with_day, result.events)))
        self._sinks.write(result)
        return result

    def _is_wanted(self, event: EmotionEvent) -> bool:
        return event.spot.kind in self._kinds

    def _with_day(self, event: EmotionEvent) -> EmotionEvent:
        assert self._starts_at is not None
        at, spot = self._starts_at.at, event.spot
        return replace(event, day=(at(spot.onset_s), at(spot.apex_s), at(spot.offset_s)))


def run_recording(
    source: SourceLike,
    pipeline: PipelineLike,
    sinks: Sinks | None = None,
    *,
    stop: Callable[[], bool] = never,
    max_seconds: float | None = None,
    kinds: Collection[str] = ALL_KINDS,
    checkpoints: Checkpoints | None = None,
    threads: int = 2,
) -> Generator[FrameResult, None, None]:
    """Yield one result per frame, and a last one without a frame: what was still open.

    The sinks get each result before the caller does; their failures are left in `sinks.failure`,
    and stop the run. Where a live source is lost there is a result without a frame at once, before
    the source is opened again. Events that were open when the pictures broke off (a loss, `stop`,
    `max_seconds`, an error, a recording that is cut short) are marked `cut`.

    `stop` is asked between frames; `max_seconds` is stream time, from the start of the part where
    the source has one; events of other kinds than `kinds` are left out. With one of `threads`, all
    is done in the caller's: for many recordings side by side. The source is closed at the end, or
    when the generator is closed.

    Raises:
        MerError: of the source or the pipeline, after the last result, so that nothing found
            before it is lost; InternalError for an error that nobody expected.
    """
    sinks = Sinks() if sinks is None else sinks
    part = source.info.part
    run = RecordingRun(pipeline, sinks, kinds, part, source.info.starts_at)
    if max_seconds is not None and part is not None:
        max_seconds += part.start_s
    failure: MerError | None = None

    def stopped() -> bool:
        return stop() or sinks.failure is not None

    begin = checkpoints.begin if checkpoints is not None else None
    reader = (Prefetch if threads > 1 else Inline)(source, pipeline, begin, max_seconds)
    try:
        with two_busy_threads():
            for moment, tracked, half in reader.tracked(stopped):
                if isinstance(moment, Loss):
                    yield run.end(cut=True)
                    continue
                if half is not None and checkpoints is not None:
                    checkpoints.finish(moment, half)
                result = run.push(moment, tracked)
                if result is not NOTHING:
                    yield result
    except MerError as error:
        failure = error
    except FAULTS as error:
        failure = InternalError(error)
    finally:
        reader.close()
    cut = failure is not None or reader.broke_off or source.report.truncated
    try:
        last = run.end(cut=cut)
    except FAULTS as error:
        last, failure = FrameResult(None), failure or InternalError(error)
    yield last
    if failure is not None:
        raise failure
