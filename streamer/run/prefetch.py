"""Decoding and tracking: in a second thread, ahead of the caller, or in the caller's own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

from streamer.core.records import Frame, Loss, SourceInfo, SourceReport, TrackedFaces

# A file's frames go from thread to thread in batches: each stage then works from warm caches, and
# the interpreter changes hands less often. A live source waits for nothing and has its own queue.
_FILE_BATCH = 16
_BATCH_BYTES = 64_000_000
_FILE_DEPTH = 2
_LIVE_DEPTH = 1
_POLL_S = 0.1
_JOIN_S = 2.0

# The last: half a checkpoint, mostly None. A loss has no faces.
_Tracked = tuple[Frame | Loss, TrackedFaces, Any]


class SourceLike(Protocol):
    """What the loop needs of a source."""

    @property
    def info(self) -> SourceInfo: ...
    @property
    def report(self) -> SourceReport: ...
    def __iter__(self) -> Iterator[Frame]: ...
    def close(self) -> None: ...


@runtime_checkable
class Losing(Protocol):
    """A source that may be lost and come back, and yields a `Loss` the moment it is lost."""

    def moments(self) -> Iterator[Frame | Loss]: ...


class TrackerLike(Protocol):
    """The first half of a pipeline."""

    def track(self, frame: Frame) -> TrackedFaces: ...
    def lose(self) -> None: ...


class Inline:
    """Decodes and tracks in the caller's thread, frame by frame."""

    def __init__(
        self,
        source: SourceLike,
        tracker: TrackerLike,
        begin: Callable[[Frame], Any] | None,
        max_seconds: float | None,
    ) -> None:
        self._source = source
        self._tracker = tracker
        self._begin = begin
        self._max_seconds = max_seconds
        self.broke_off = False  # stopped before the end of the source

    def tracked(self, stop: Callable[[], bool]) -> Iterator[_Tracked]:
        """Frames with their faces, and losses, in order, until the end or until `stop`."""
        for moment in self._moments():
            if stop() or self._is_late(moment):
                self.broke_off = True
                break
            yield self._track(moment)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _moments(self) -> Iterator[Frame | Loss]:
        return self._source.moments() if isinstance(self._source, Losing) else iter(self._source)

    def _track(self, moment: Frame | Loss) -> _Tracked:
        if isinstance(moment, Loss):
            self._tracker.lose()
            return moment, TrackedFaces(), None
        half = self._begin(moment) if self._begin is not None else None
        return moment, self._tracker.track(moment), half

    def _is_late(self, moment: Frame | Loss) -> bool:
        return self._max_seconds is not None and moment.time_s >= self._max_seconds


class Prefetch(Inline):
    """Decodes and tracks in a second thread. Whatever it raises is raised in the caller."""

    def __init__(
        self,
        source: SourceLike,
        tracker: TrackerLike,
        begin: Callable[[Frame], Any] | None,
        max_seconds: float | None,
    ) -> None:
        super().__init__(source, tracker, begin, max_seconds)
        self._batch = 1 if source.info.live else _batch_size(source.info)
        depth = _LIVE_DEPTH if source.info.live else _FILE_DEPTH
        self._queue: queue.Queue[list[_Tracked] | None] = queue.Queue(depth)
        self._cancelled = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="decode-and-track", daemon=True)

    def tracked(self, stop: Callable[[], bool]) -> Iterator[_Tracked]:
        """Frames with their faces, and losses, in order, until the end or until `stop`."""
        self._thread.start()
        while True:
            if stop():
                self.broke_off = True
                break
            try:
                batch = self._queue.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if batch is None:
                break
            for tracked in batch:
                yield tracked
                if stop():
                    self.broke_off = True
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
        frames: list[Frame | Loss] = []
        try:
            for moment in self._moments():
                if self._is_late(moment):
                    self.broke_off = True
                    break
                frames.append(moment)
                if len(frames) == self._batch:
                    batch, frames = frames, []
                    if not self._put_tracked(batch):
                        return
        except BaseException as error:  # noqa: BLE001  raised again in the caller
            self._error = error
        self._finish(frames)
        self._put(None)

    def _finish(self, frames: list[Frame | Loss]) -> None:
        """Hand over what was decoded before the end; an error of the source stays the first."""
        try:
            self._put_tracked(frames)
        except BaseException as error:  # noqa: BLE001  raised again in the caller
            self._error = self._error or error

    def _put_tracked(self, frames: list[Frame | Loss]) -> bool:
        return self._put([self._track(frame) for frame in frames])

    def _put(self, batch: list[_Tracked] | None) -> bool:
        while not self._cancelled.is_set():
            try:
                self._queue.put(batch, timeout=_POLL_S)
                return True
            except queue.Full:
                continue
        return False


def _batch_size(info: SourceInfo) -> int:
    frame_bytes = max(3 * info.width_px * info.height_px, 1)
    return max(1, min(_FILE_BATCH, _BATCH_BYTES // frame_bytes))
