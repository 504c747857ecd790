"""Who is on the page: each visitor has a folder of their own, gone when they leave.

A page costs nothing before it does something: its folder is made at the first use. Where there is
no room, pages that have done nothing so far, or that no browser holds open, make room first.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from demo.limits import Limits
from demo.places import is_local
from demo.scratch import open_scratch
from demo.sessions import Sessions
from demo.settings_view import Choices
from streamer.core.errors import UsageError

_LOG = logging.getLogger(__name__)
_REMEMBERED = 4096  # sessions that have left: an event that comes too late opens no new folder
GONE = "This page was away for too long and its files are deleted. Reload it to start again."
FULL = "Too many people are on this page at the moment. Please try again in a few minutes."


@dataclass(eq=False)
class Visitor:
    """One open page. Its token is in the addresses of its files: without it, nothing is seen."""

    folder: Path
    session: str = ""  # of its page
    owner: str = ""  # the browser it belongs to; empty: none, its files are served to nobody
    address: str = ""
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

    @property
    def has_begun(self) -> bool:
        """Whether this page has ever sent or analysed anything."""
        return self._number > 0

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

    def __init__(self, limits: Limits, sessions: Sessions | None = None) -> None:
        self.limits = limits
        self.sessions = sessions or Sessions()
        self._scratch = open_scratch()
        self._lock = threading.Lock()
        self._by_session: dict[str, Visitor] = {}
        self._left: deque[str] = deque(maxlen=_REMEMBERED)

    def __len__(self) -> int:
        return len(self._by_session)

    def of(self, session: str | None, address: str = "") -> Visitor:
        """The visitor of a page.

        Raises:
            UsageError: the page was closed, or there is no room for one more.
        """
        if not session:
            raise UsageError("This request belongs to no page. Reload the page.")
        left: list[Visitor] = []
        try:
            with self._lock:
                if session in self._by_session:
                    self._by_session[session].touch()
                    return self._by_session[session]
                if session in self._left:
                    raise UsageError(GONE)
                left = self._make_room(address)
                owner = self.sessions.owner(session)
                visitor = Visitor(self._new_folder(), session, owner, address)
                self._by_session[session] = visitor
                return visitor
        finally:
            for one in left:
                one.leave()

    def is_open(self, visitor: Visitor) -> bool:
        """Whether the visitor's page is open in a browser."""
        return not visitor.gone and self.sessions.is_open(visitor.session)

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
        """Pages that have been silent for hours, or that no browser holds open any more."""
        with self._lock:
            left = self._idle()
        for visitor in left:
            visitor.leave()

    def _make_room(self, address: str) -> list[Visitor]:
        """Those who leave for a newcomer. Raises UsageError where nobody can."""
        left = self._idle()
        while len(self._by_session) >= self.limits.visitors or self._is_crowded(address):
            session = self._least_used(address if self._is_crowded(address) else None)
            if session is None:
                raise UsageError(FULL)
            left.append(self._by_session.pop(session))
        return left

    def _is_crowded(self, address: str) -> bool:
        if is_local(address):
            return False
        mine = sum(visitor.address == address for visitor in self._by_session.values())
        return mine >= self.limits.visitors_per_address

    def _least_used(self, address: str | None) -> str | None:
        """The page that did nothing so far and was silent for longest; it may come again."""
        unused = [
            (visitor.touched_s, session)
            for session, visitor in self._by_session.items()
            if not (visitor.has_begun or visitor.is_busy)
            and (address is None or visitor.address == address)
        ]
        return min(unused)[1] if unused else None

    def _idle(self) -> list[Visitor]:
        """Take the idle off the list; deleting their files is left to the caller."""
        now_s, left = time.monotonic(), []
        for session, visitor in list(self._by_session.items()):
            silent_s = now_s - visitor.touched_s
            absent = silent_s > self.limits.absent_s and not self.sessions.is_open(session)
            if (absent or silent_s > 60.0 * self.limits.idle_minutes) and not visitor.is_busy:
                del self._by_session[session]
                self._left.append(session)
                left.append(visitor)
        return left

    def _new_folder(self) -> Path:
        folder = self._scratch.path / f"visitor-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        """Everybody has to leave; the temporary files are gone afterwards."""
        with self._lock:
            visitors = list(self._by_session.values())
            self._by_session.clear()
        for visitor in visitors:
            visitor.leave()
        self._scratch.close()

    @property
    def root(self) -> Path:
        """The folder of this page."""
        return self._scratch.path

    @property
    def upload_folder(self) -> Path:
        """Where uploads arrive, before their visitor takes them."""
        folder = self._scratch.path / "uploads"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
