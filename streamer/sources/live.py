"""Live sources: a reader thread, a bounded queue that drops the oldest frame, reconnection.

The camera sets the pace. A thread reads it all the time, so that a slow caller never stalls it; the
caller takes what waits in the queue. A read that hangs cannot be stopped from outside, so its
thread is given up (it ends by itself when the read returns) and another one opens the camera anew.

A source that has delivered a frame may come back from anything: whatever the next connection fails
with is tried again, with growing pauses, up to `reconnect_attempts` failures in a row. One that
comes and is lost within `STEADY_S` again and again is given up as well, after three times as many.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from streamer.core.closing import Closing
from streamer.core.errors import CameraError, MerError
from streamer.core.pictures import Picture
from streamer.core.records import Frame, Loss, SourceInfo, SourceReport
from streamer.sources.config import SourceConfig
from streamer.sources.counters import SourceCounters
from streamer.sources.recording import refuse_second_reading

_log = logging.getLogger(__name__)
STEADY_S = 5.0  # a connection that is lost sooner was a short one
SHORT_PER_ATTEMPT = 3  # so many short ones in a row are borne per `reconnect_attempts`
_STEP_S = 0.04  # from the last frame before a loss to the first after it, at least
_LONGEST_STEP_S = 1.0
_CAUGHT_UP_S = 0.05  # a caller who waits so long for the next frame has taken all there was
_MOST_DOUBLINGS = 30
_JOIN_S = 1.0  # `close` waits this long for the reader thread, which may hang in a read


class Capture(Protocol):
    """One connection to a camera or stream: (seconds since its first frame, image)."""

    def __iter__(self) -> Iterator[tuple[float, Picture]]:
        """Ends, or raises CameraError, where the connection is lost.

        Any other MerError is final.
        """
        ...

    def close(self) -> None: ...


@dataclass
class _Link:
    """What the reader thread and the caller share about one connection."""

    number: int
    heard_s: float  # clock time of the last sign of life
    lost: str = ""  # why it ended
    error: BaseException | None = None  # a fault of the program, for the caller to see
    start_s: float = math.nan  # stream time of its first frame
    begun_s: float = math.nan  # clock time of its first frame
    starting: bool = False  # what had been gathered while it was opened is not all taken yet
    held: bool = False  # its reader waits until there is room in the queue
    thread: threading.Thread | None = field(default=None, repr=False)


class LiveSource(Closing):
    """A camera or endless stream as a `Source`. Times are times of capture, gaps included.

    `Frame.index` counts the delivered frames; `report.dropped` those that were thrown away.
    Iterating yields the frames; `moments` yields a `Loss` among them where the source was lost,
    before it is opened again.
    """

    def __init__(
        self,
        first: Capture,
        opener: Callable[[], Capture],
        info: SourceInfo,
        config: SourceConfig,
        counters: SourceCounters | None = None,
        clock: Callable[[], float] = time.monotonic,
        start_s: float = 0.0,
    ) -> None:
        """first: the connection that is open already. opener: makes the next; raises MerError.

        The reader thread starts at once, so frames older than the queue are dropped even before
        the first is asked for. start_s: for so long after the first frame of a connection, none is
        dropped until the caller has caught up: a network stream is ahead by what it took to open.
        """
        self.info = info
        self._opener = opener
        self._config = config
        self._counters = counters or SourceCounters()
        self._clock = clock
        self._start_s = start_s
        self._changed = threading.Condition()
        self._queue: deque[tuple[float, Picture]] = deque()
        self._closed = threading.Event()
        self._begun = False
        self._failures = 0  # attempts without a frame, in a row
        self._short = 0  # short connections, in a row
        self._taken_s = -math.inf  # stream time of the last frame that the caller took
        self._flowing = False  # frames came since the last loss
        self._origin_s: float | None = None  # clock time of stream time 0
        self._last_s = -math.inf  # stream time of the last frame put into the queue
        self._link = self._connect(0, lambda: first)

    @property
    def report(self) -> SourceReport:
        """A snapshot of what has happened so far."""
        return self._counters.report()

    def __iter__(self) -> Iterator[Frame]:
        return self._only_frames(self.moments())

    def moments(self) -> Iterator[Frame | Loss]:
        """The frames, and a `Loss` at once where the source is lost, before it is opened again.

        Raises CameraError when the source is lost for good.
        """
        refuse_second_reading(self._begun, self.info.name)
        self._begun = True
        return self._moments()

    def _only_frames(self, moments: Iterator[Frame | Loss]) -> Iterator[Frame]:
        try:
            for moment in moments:
                if isinstance(moment, Frame):
                    yield moment
        finally:
            self.close()

    def _moments(self) -> Iterator[Frame | Loss]:
        index = 0
        try:
            while (moment := self._take()) is not None:
                if isinstance(moment, Loss):
                    yield moment
                    continue
                self._counters.count_frame()
                yield Frame.of(index, *moment)
                index += 1
        finally:
            self.close()

    def close(self) -> None:
        """End the frames and the reader thread. May be called more than once."""
        self._begun = True
        self._closed.set()
        with self._changed:
            self._queue.clear()
            self._changed.notify_all()
        thread = self._link.thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN_S)

    # The caller's side

    def _take(self) -> tuple[float, Picture] | Loss | None:
        """The oldest waiting frame; None once closed. Reconnects where the source is lost."""
        while not self._closed.is_set():
            with self._changed:
                lost = self._wait()
                if self._queue:
                    return self._pop()
            if lost and self._flowing:
                self._flowing = False
                return Loss(self._taken_s, lost)
            if lost:
                self._reconnect(lost)
        return None

    def _pop(self) -> tuple[float, Picture]:
        stamped = self._queue.popleft()
        self._taken_s, self._flowing = stamped[0], True
        if self._link.held:  # its reader is alive and waits for us
            self._link.heard_s = self._clock()
            self._changed.notify_all()
        return stamped

    def _wait(self) -> str:
        """Wait for a frame; the reason where none can come any more."""
        link, timeout_s = self._link, self._config.read_timeout_s
        since_s = self._clock()
        while not self._queue and not self._closed.is_set():
            if link.error is not None:
                raise link.error
            if link.lost:
                return link.lost
            now_s = self._clock()
            left_s = link.heard_s + timeout_s - now_s
            if left_s <= 0:
                return f"no frame came for {timeout_s:g} s"
            if self._taken_s > -math.inf and now_s - since_s >= _CAUGHT_UP_S:
                link.starting = False
            elif link.starting:
                left_s = min(left_s, _CAUGHT_UP_S)
            self._changed.wait(left_s)
        return ""

    def _reconnect(self, lost: str) -> None:
        """Wait, then start another reader thread. Raises CameraError after too many failures."""
        config, link = self._config, self._link
        self._counters.say(f"{self.info.name} was lost: {lost}.")
        _log.warning("%s was lost: %s", self.info.name, lost)
        if link.number > 0 and not math.isnan(link.begun_s):
            steady = link.heard_s - link.begun_s >= STEADY_S
            self._short = 0 if steady else self._short + 1
        if self._failures >= config.reconnect_attempts:
            raise self._give_up(lost, f"{self._failures} attempts to reconnect failed")
        if self._short >= SHORT_PER_ATTEMPT * config.reconnect_attempts:
            why = f"{self._short} connections in a row were lost within {STEADY_S:g} s"
            raise self._give_up(lost, why)
        doublings = min(self._failures + self._short, _MOST_DOUBLINGS)
        wait_s = config.reconnect_backoff_s * 2**doublings
        self._failures += 1
        if not self._closed.wait(min(wait_s, config.reconnect_backoff_max_s)):
            self._link = self._connect(link.number + 1, self._opener)

    def _give_up(self, lost: str, why: str) -> CameraError:
        return CameraError(
            f"{self.info.name} is lost ({lost}); {why}. Check the camera, its cable or network, "
            "then start again."
        )

    # The reader's side

    def _connect(self, number: int, opener: Callable[[], Capture]) -> _Link:
        link = _Link(number, heard_s=self._clock())
        link.thread = threading.Thread(
            target=self._read, args=(link, opener), name=f"source-{number}", daemon=True
        )
        with self._changed:
            self._link = link
        link.thread.start()
        return link

    def _read(self, link: _Link, opener: Callable[[], Capture]) -> None:
        """The reader thread: ends when the connection is lost, given up, or the source closed."""
        error: BaseException | None = None
        lost = "the stream ended"
        try:
            capture = self._open(opener)
            try:
                for time_s, image in capture:
                    if not self._put(link, time_s, image):
                        break
            finally:
                capture.close()
        except CameraError as failure:
            lost = str(failure).rstrip(".")
        except BaseException as fault:  # noqa: BLE001  raised again in the caller's thread
            error = fault
        with self._changed:
            link.lost, link.error = lost, error
            self._changed.notify_all()

    def _open(self, opener: Callable[[], Capture]) -> Capture:
        """Another connection; whatever it fails with may pass, so it is a CameraError."""
        try:
            return opener()
        except MerError as failure:
            raise CameraError(str(failure)) from failure

    def _put(self, link: _Link, time_s: float, image: Picture) -> bool:
        """Queue a frame; False where this thread should end."""
        with self._changed:
            self._hold(link)
            if self._closed.is_set() or link is not self._link:
                return False
            link.heard_s = self._clock()
            if math.isnan(link.start_s):
                self._begin(link, time_s)
            self._last_s = max(link.start_s + time_s, math.nextafter(self._last_s, math.inf))
            if len(self._queue) >= self._config.queue_frames:
                self._queue.popleft()
                self._counters.count_drop()
            self._queue.append((self._last_s, image))
            self._changed.notify_all()
        return True

    def _hold(self, link: _Link) -> None:
        """Wait for room in the queue while the caller has still to catch up."""
        until_s = link.begun_s + self._start_s
        while (
            link.starting
            and len(self._queue) >= self._config.queue_frames
            and not self._closed.is_set()
            and link is self._link
        ):
            left_s = until_s - self._clock()
            if left_s <= 0:
                link.starting = False
                break
            link.held = True
            self._changed.wait(left_s)
        link.held = False

    def _begin(self, link: _Link, time_s: float) -> None:
        """Put the first frame of a connection on the time line: the time without it is a gap."""
        link.begun_s, link.starting = link.heard_s, self._start_s > 0
        if self._origin_s is None:
            self._origin_s = link.heard_s
        else:
            self._counters.count_reconnect()
            self._failures = 0
        # A stream that was sent ahead of its time may have been ahead of the clock.
        fps = self.info.declared_fps
        step_s = min(1 / fps, _LONGEST_STEP_S) if fps else _STEP_S
        passed_s = link.heard_s - self._origin_s
        link.start_s = max(passed_s, self._last_s + step_s) - time_s
