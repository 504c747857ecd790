"""Who is on the page: each visitor has a folder of their own, gone when they leave."""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from demo.choices import Choices
from demo.limits import Limits
from streamer.errors import UsageError

_LOG = logging.getLogger(__name__)
_REMEMBERED = 4096  # sessions that have left: an event that comes too late opens no new folder
GONE = "This page was away for too long and its files are deleted. Reload it to start again."
FULL = "Too many people are on this page at the moment. Please try again in a few minutes."


@dataclass(eq=False)
class Visitor:
    """One open page. Its token is in the addresses of its files: without it, nothing is seen."""

    folder: Path
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    results: list[str] = field(default_factory=list)  # folders of finished recordings, oldest first
    in_use: set[str] = field(default_factory=set)  # results that a running camera writes
    pending: tuple[Path, str] | None = None  # an uploaded recording and its name
    live_choices: Choices = field(default_factory=Choices)  # of the next live camera
    stopped: threading.Event = field(default_factory=threading.Event)  # asked to stop analysing
    busy: threading.Lock = field(default_factory=threading.Lock)  # held while analysing
    gone: bool = False
    touched_s: float = field(default_factory=time.monotonic)
    _number: int = 0
    _goodbyes: list[Callable[[], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def touch(self) -> None:
        """A sign of life."""
        self.touched_s = time.monotonic()

    @property
    def is_busy(self) -> bool:
        """Whether a recording is being analysed or a camera runs."""
        return bool(self._goodbyes)

    def new_name(self, kind: str) -> str:
        """A folder name that was not used before. Raises UsageError for a visitor who has left."""
        with self._lock:
            if self.gone:
                raise UsageError(GONE)
            self._number += 1
            return f"{kind}-{self._number}"

    def keep(self, name: str, limit: int) -> None:
        """Remember a result, and delete the oldest beyond `limit` that are not in use."""
        with self._lock:
            self.results.append(name)
            surplus = max(len(self.results) - limit, 0)
            old = [one for one in self.results if one not in self.in_use][:surplus]
            self.results = [one for one in self.results if one not in old]
        for name in old:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def on_leaving(self, goodbye: Callable[[], None]) -> Callable[[], None]:
        """Call `goodbye` when the visitor leaves; returns a function that takes this back."""
        with self._lock:
            if not self.gone:
                self._goodbyes.append(goodbye)
                return lambda: self._take_back(goodbye)
        goodbye()
        return lambda: None

    def leave(self) -> None:
        """Stop what runs and delete everything. May be called more than once."""
        with self._lock:
            self.gone = True
            goodbyes, self._goodbyes = self._goodbyes, []
        for goodbye in goodbyes:
            goodbye()
        self.sweep()

    def sweep(self) -> None:
        """Delete everything of a visitor who has left: a process that was stopped may have written
        a last file meanwhile.
        """
        if self.gone:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _take_back(self, goodbye: Callable[[], None]) -> None:
        with self._lock:
            if goodbye in self._goodbyes:
                self._goodbyes.remove(goodbye)


class Visitors:
    """All visitors, by the session of their page and by their token."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._root = Path(tempfile.mkdtemp(prefix="mer-demo-"))
        self._lock = threading.Lock()
        self._by_session: dict[str, Visitor] = {}
        self._left: deque[str] = deque(maxlen=_REMEMBERED)

    def __len__(self) -> int:
        return len(self._by_session)

    def of(self, session: str | None) -> Visitor:
        """The visitor of a page.

        Raises:
            UsageError: the page was closed, or there is no room for one more.
        """
        if not session:
            raise UsageError("This request belongs to no page. Reload the page.")
        with self._lock:
            if session in self._by_session:
                self._by_session[session].touch()
                return self._by_session[session]
            if session in self._left:
                raise UsageError(GONE)
            self._idle_leave()
            if len(self._by_session) >= self.limits.visitors:
                raise UsageError(FULL)
            visitor = Visitor(Path(tempfile.mkdtemp(prefix="visitor-", dir=self._root)))
            self._by_session[session] = visitor
            return visitor

    def by_token(self, token: str) -> Visitor | None:
        """Who has this token."""
        asked = token.encode()
        with self._lock:
            for visitor in self._by_session.values():
                if secrets.compare_digest(visitor.token.encode(), asked):
                    visitor.touch()
                    return visitor
        return None

    def forget(self, session: str | None) -> None:
        """The page was closed."""
        with self._lock:
            visitor = self._by_session.pop(session or "", None)
            if session:
                self._left.append(session)
        if visitor is not None:
            _LOG.info("a visitor left")
            visitor.leave()

    def forget_the_idle(self) -> None:
        """Pages that have been silent for hours: closed without a word, or a script."""
        with self._lock:
            self._idle_leave()

    def _idle_leave(self) -> None:
        oldest_s = time.monotonic() - 60.0 * self.limits.idle_minutes
        for session, visitor in list(self._by_session.items()):
            if visitor.touched_s < oldest_s and not visitor.is_busy:
                del self._by_session[session]
                self._left.append(session)
                visitor.leave()

    def close(self) -> None:
        """Everybody has to leave; the temporary files are gone afterwards."""
        with self._lock:
            visitors = list(self._by_session.values())
            self._by_session.clear()
        for visitor in visitors:
            visitor.leave()
        shutil.rmtree(self._root, ignore_errors=True)

    @property
    def upload_folder(self) -> Path:
        """Where uploads arrive, before their visitor takes them."""
        folder = self._root / "uploads"
        folder.mkdir(exist_ok=True)
        return folder
