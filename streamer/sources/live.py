"""Live sources: a reader thread, a bounded queue that drops the oldest frame, reconnection.

The camera sets the pace. A thread reads it all the time, so that a slow caller never stalls it; the
caller takes what waits in the queue. A read that hangs cannot be stopped from outside, so its
thread is given up (it ends by itself when the read returns) and another one opens the camera anew.
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

import numpy as np
from numpy.typing import NDArray

from streamer.closing import Closing
from streamer.errors import CameraError
from streamer.records import Frame, SourceInfo, SourceReport
from streamer.sources.config import SourceConfig
from streamer.sources.recording import refuse_second_reading
from streamer.sources.tally import Tally

_log = logging.getLogger(__name__)
_STEP_S = 0.04  # from the last frame before a loss to the first after it, at least
_JOIN_S = 1.0  # `close` waits this long for the reader thread, which may hang in a read

Image = NDArray[np.uint8]


class Capture(Protocol):
    """One connection to a camera or stream: (seconds since its first frame, image)."""

    def __iter__(self) -> Iterator[tuple[float, Image]]:
        """Ends, or raises CameraError, where the connection is lost."""
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
    thread: threading.Thread | None = field(default=None, repr=False)


class LiveSource(Closing):
    """A camera or endless stream as a `Source`. Times are times of capture, gaps included.

    `Frame.index` counts the delivered frames; `report.dropped` those that were thrown away.
    """

    def __init__(
        self,
        first: Capture,
        opener: Callable[[], Capture],
        info: SourceInfo,
        config: SourceConfig,
        tally: Tally | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """first: the connection that is open already. opener: makes the next; raises CameraError.

        The reader thread starts at once, so frames older than the queue are dropped even before
        the first is asked for.
        """
        self.info = info
        self._opener = opener
        self._config = config
        self._tally = tally or Tally()
        self._clock = clock
        self._changed = threading.Condition()
        self._queue: deque[tuple[float, Image]] = deque()
        self._closed = threading.Event()
        self._begun = False
        self._failures = 0
        self._origin_s: float | None = None  # clock time of stream time 0
        self._last_s = -math.inf  # stream time of the last frame put into the queue
        self._link = self._connect(0, lambda: first)

    @property
    def report(self) -> SourceReport:
        """A snapshot of what has happened so far."""
        return self._tally.report()

    def __iter__(self) -> Iterator[Frame]:
        refuse_second_reading(self._begun, self.info.name)
        self._begun = True
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        """Raises CameraError when the source is lost for good."""
        index = 0
        try:
            while (stamped := self._take()) is not None:
                self._tally.count_frame()
                yield Frame(index, *stamped)
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

    def _take(self) -> tuple[float, Image] | None:
        """The oldest waiting frame; None once closed. Reconnects where the source is lost."""
        while not self._closed.is_set():
            with self._changed:
                lost = self._wait()
                if self._queue:
                    return self._queue.popleft()
            if lost:
                self._reconnect(lost)
        return None

    def _wait(self) -> str:
        """Wait for a frame; the reason where none can come any more."""
        link, timeout_s = self._link, self._config.read_timeout_s
        while not self._queue and not self._closed.is_set():
            if link.error is not None:
                raise link.error
            if link.lost:
                return link.lost
            left_s = link.heard_s + timeout_s - self._clock()
            if left_s <= 0:
                return f"no frame came for {timeout_s:g} s"
            self._changed.wait(left_s)
        return ""

    def _reconnect(self, lost: str) -> None:
        """Wait, then start another reader thread. Raises CameraError after too many failures."""
        config = self._config
        self._tally.say(f"{self.info.name} was lost: {lost}.")
        _log.warning("%s was lost: %s", self.info.name, lost)
        if self._failures >= config.reconnect_attempts:
            raise CameraError(
                f"{self.info.name} is lost ({lost}); {self._failures} attempts to reconnect "
                "failed. Check the camera, its cable or network, then start again."
            )
        wait_s = config.reconnect_backoff_s * 2**self._failures
        self._failures += 1
        if not self._closed.wait(min(wait_s, config.reconnect_backoff_max_s)):
            self._link = self._connect(self._link.number + 1, self._opener)

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
            capture = opener()
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

    def _put(self, link: _Link, time_s: float, image: Image) -> bool:
        """Queue a frame; False where this thread should end."""
        with self._changed:
            if self._closed.is_set() or link is not self._link:
                return False
            link.heard_s = self._clock()
            if math.isnan(link.start_s):
                self._begin(link, time_s)
            self._last_s = max(link.start_s + time_s, math.nextafter(self._last_s, math.inf))
            if len(self._queue) >= self._config.queue_frames:
                self._queue.popleft()
                self._tally.count_drop()
            self._queue.append((self._last_s, image))
            self._changed.notify_all()
        return True

    def _begin(self, link: _Link, time_s: float) -> None:
        """Put the first frame of a connection on the time line: the time without it is a gap."""
        if self._origin_s is None:
            self._origin_s = link.heard_s
        else:
            self._tally.count_reconnect()
            self._failures = 0
        # A stream that was sent ahead of its time may have been ahead of the clock.
        step_s = 1 / self.info.declared_fps if self.info.declared_fps else _STEP_S
        passed_s = link.heard_s - self._origin_s
        link.start_s = max(passed_s, self._last_s + step_s) - time_s
