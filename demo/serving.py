"""Runs the web server and ends it in time, whatever it is doing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from demo.connections import allow_many_files, bounded_protocol
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
