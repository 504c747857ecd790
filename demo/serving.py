"""Runs the web server: it ends in time, and a connection that asks or reads nothing does not stay.

uvicorn times only the pause between two requests. Here the head of a request has to arrive within
seconds too, an answer has to be read, and where there are too many connections those without a
request make room.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from demo.places import is_local
from streamer.core.errors import EXIT_INTERRUPTED

_GRACE_S = 2.0  # for answers that are on their way
_END_S = 3.0  # then the end is forced
_CLEAN_S = 1.5  # for the sweeping of files, also where the disk hangs


class Server(uvicorn.Server):
    """Ends within seconds of SIGINT or SIGTERM, also where the event loop or a thread hangs."""

    def __init__(self, config: uvicorn.Config, clean_up: Callable[[], None]) -> None:
        super().__init__(config)
        self._clean_up = clean_up
        self.ending = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not uvicorn's own: it would raise the signal again before the files are swept.
        self.force_exit = self.ending and sig == signal.SIGINT
        self.should_exit = True
        if not self.ending:
            self.ending = True
            timer = threading.Timer(_END_S, self._end_now)
            timer.daemon = True
            timer.start()

    def _end_now(self) -> None:
        sweeping = threading.Thread(target=self._clean_up, daemon=True)
        sweeping.start()
        sweeping.join(_CLEAN_S)
        os._exit(EXIT_INTERRUPTED)


def serve(app: Any, listening: Any, clean_up: Callable[[], None], *, verbose: bool) -> None:
    """Serve until SIGINT or SIGTERM, which end in KeyboardInterrupt as for any command.

    clean_up: deletes the temporary files; may be called more than once, and in any thread.
    """
    allow_many_files()
    config = uvicorn.Config(
        app, log_level="info" if verbose else "warning", ws_max_size=4 * 2**20,
        http=bounded_protocol(), timeout_graceful_shutdown=int(_GRACE_S), server_header=False,
    )  # fmt: skip
    server = Server(config, clean_up)
    try:
        server.run(sockets=[listening])
    finally:
        clean_up()
    if server.ending:
        raise KeyboardInterrupt


HEAD_S = 10.0  # for the head of a request to arrive
READ_S = 60.0  # for the browser to read on
MOST = 1024  # connections
MOST_PER_ADDRESS = 64  # of one other machine
_FILES = 4096  # that the server may have open, where the system lets it


def bounded_protocol(
    head_s: float = HEAD_S, read_s: float = READ_S, most: int = MOST
) -> type[H11Protocol]:
    """A protocol class for `uvicorn.Config(http=...)`, with a register of its own."""
    register: dict[Any, None] = {}  # in the order of arrival

    class BoundedProtocol(H11Protocol):
        """uvicorn's HTTP protocol, bounded in time and number."""

        _timer: asyncio.TimerHandle | None = None
        _stalled: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            register[self] = None
            self._make_room()
            self._expect_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self in register:
                self._expect_head()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self in register:
                self._expect_head()

        def handle_websocket_upgrade(self, event: Any) -> None:
            self._forget()  # it is another protocol's now, with limits of its own
            super().handle_websocket_upgrade(event)

        def pause_writing(self) -> None:
            super().pause_writing()
            if self._stalled is None:
                self._stalled = self.loop.call_later(read_s, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._stop_stalled()

        @property
        def is_idle(self) -> bool:
            """Whether no request is being answered."""
            return self.cycle is None or self.cycle.response_complete

        def _expect_head(self) -> None:
            if not self.is_idle:
                self._stop_timer()
            elif self._timer is None:
                self._timer = self.loop.call_later(head_s, self._close_if_idle)

        def _close_if_idle(self) -> None:
            self._timer = None
            if self.is_idle:
                self.transport.abort()

        def _make_room(self) -> None:
            address = self.client[0] if self.client else ""
            near = [one for one in register if one.client and one.client[0] == address]
            if not is_local(address) and len(near) > MOST_PER_ADDRESS:
                self._drop_one(near)
            elif len(register) > most:
                self._drop_one(list(register))

        def _drop_one(self, among: list[Any]) -> None:
            idle = [one for one in among if one.is_idle and one is not self]
            (idle[0] if idle else self).transport.abort()

        def _forget(self) -> None:
            register.pop(self, None)
            self._stop_timer()
            self._stop_stalled()

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _stop_stalled(self) -> None:
            if self._stalled is not None:
                self._stalled.cancel()
                self._stalled = None

    return BoundedProtocol


def allow_many_files() -> None:
    """Raise the number of files that this process may have open, where the system lets it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
