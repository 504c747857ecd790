"""A live camera of a visitor: keeps the newest pictures, drops the oldest, and counts them."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo.limits import Limits
from demo.live_worker import Seen, work
from demo.settings_view import Choices
from demo.visitors import Visitor

_WAITING = 8  # pictures that wait for the pipeline at most
_ANSWER_S = 20.0  # for one picture; the first answer, with the models loaded, may take as long
_JOIN_S = 3.0
_LIMITS = Limits()
_LOST = "The analysis stopped unexpectedly. Start the camera again."


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes to the browser for one picture."""

    seen: Seen
    dropped: int  # pictures thrown away so far
    waiting: int
    work_ms: float  # in the pipeline


class LiveSession:
    """`push` pictures from one thread; answers come to `tell` from another, in order."""

    def __init__(
        self,
        visitor: Visitor,
        choices: Choices,
        tell: Callable[[Answer], None],
        limits: Limits = _LIMITS,
    ) -> None:
        """Raises UsageError for settings that cannot be used, or a visitor who has left."""
        config = choices.config()
        self.name = visitor.new_name("live")
        folder: Path = visitor.folder / self.name
        folder.mkdir()
        self._tell = tell
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.dropped = 0
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, config, folder, limits)
        self._process = context.Process(target=work, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self._take_back = visitor.on_leaving(self._process.kill)
        self._thread = threading.Thread(target=self._feed, name="live", daemon=True)
        self._thread.start()

    def push(self, message: bytes) -> None:
        """Queue one picture; the oldest makes room."""
        with self._changed:
            if len(self._waiting) >= _WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(message)
            self._changed.notify()

    def close(self) -> None:
        """End the process, reporting the events that are still open. May be called twice."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify()
        self._thread.join(_JOIN_S)
        self._take_back()
        self._process.join(0.5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def _feed(self) -> None:
        """The thread: one picture at a time is with the process."""
        if not self._receive(0.0):
            return
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                message = b"" if self._ended else self._waiting.popleft()
            started_s = time.monotonic()
            try:
                self._pipe.send_bytes(message)
            except OSError:
                self._say(Seen(0, error=_LOST), 0.0)
                return
            if not self._receive(started_s) or not message:
                return

    def _receive(self, started_s: float) -> bool:
        """Pass on one answer; False where it was the last."""
        try:
            if not self._pipe.poll(_ANSWER_S):
                raise EOFError
            seen: Seen = self._pipe.recv()
        except (EOFError, OSError):
            seen = Seen(0, error=_LOST)
        self._say(seen, 1000.0 * (time.monotonic() - started_s) if started_s else 0.0)
        return not seen.error

    def _say(self, seen: Seen, work_ms: float) -> None:
        self._tell(Answer(seen, self.dropped, len(self._waiting), work_ms))
