"""Serves the events of a run on 127.0.0.1 while it lasts; the pipeline never waits for it."""

from __future__ import annotations

import contextlib
import importlib
import logging
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from streamer.core.errors import InstallError, OutputError
from streamer.core.printable import to_json
from streamer.core.records import FrameResult, SourceInfo
from streamer.outputs.events import record_to_json
from streamer.outputs.live.app import LiveApp
from streamer.outputs.live.hub import Hub
from streamer.outputs.record import event_to_record
from streamer.outputs.signals import signal_records

HOST = "127.0.0.1"
SOURCE_SCHEMA = "mer-stream/source/1"
_CURE = 'Events cannot be served ({reason}): pip install "mer-stream[serve]".'
_START_S = 10.0
_DRAIN_S = 2.0  # for clients to read what waits for them at the end
_END_S = 3.0
_MESSAGE_BYTES = 4096  # clients have nothing to say


class EventServer:
    """The server of one run. State: its thread, and what the hub keeps for clients."""

    def __init__(self, port: int, regions: Sequence[str] | None = None) -> None:
        """port: 0 for any that is free. regions: names of the motion columns; None: no signals.

        Raises InstallError where a library is missing, OutputError where the port is taken.
        """
        uvicorn = import_uvicorn()
        self._regions = regions
        self._hub = Hub()
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        app = LiveApp(self._hub, has_signals=regions is not None)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, lifespan="off", log_config=None, log_level="critical", access_log=False,
                server_header=False, ws_max_size=_MESSAGE_BYTES,
                ws_per_message_deflate=False, timeout_graceful_shutdown=1,
            )
        )  # fmt: skip
        logging.getLogger("websockets").setLevel(logging.CRITICAL)
        self._thread = threading.Thread(target=self._serve, name="events", daemon=True)
        self._thread.start()
        self._wait_until_it_serves()

    @property
    def clients(self) -> int:
        """How many are connected."""
        return self._hub.clients

    def begin(self, info: SourceInfo) -> None:
        """Tell clients which source the frames and events after this are of."""
        record = {
            "schema": SOURCE_SCHEMA,
            "source": info.name,
            "live": info.live,
            "width_px": info.width_px,
            "height_px": info.height_px,
        }
        self._hub.publish("source", to_json(record))

    def write(self, result: FrameResult) -> None:
        """Publish what a result holds; returns at once, whatever clients do."""
        if self._regions is not None and self._hub.wants_signals:
            for record in signal_records(result, self._regions):
                self._hub.publish("signals", to_json(record))
        for event in result.events:
            self._hub.publish("event", record_to_json(event_to_record(event)))

    def close(self) -> None:
        """Let clients read what waits for them, for a moment, and end."""
        self._hub.end()
        until_s = time.monotonic() + _DRAIN_S
        while self._hub.clients and time.monotonic() < until_s:
            time.sleep(0.01)
        self._server.should_exit = True
        self._thread.join(_END_S)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(_END_S)
        with contextlib.suppress(OSError):
            self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def _wait_until_it_serves(self) -> None:
        until_s = time.monotonic() + _START_S
        while not self._server.started and self._thread.is_alive():
            if time.monotonic() > until_s:
                break
            time.sleep(0.01)
        if not self._server.started:
            raise OutputError(f"--serve-events {self.port}: the server did not start. Try again.")


def import_uvicorn() -> Any:
    """The module, or InstallError that says how to get it."""
    try:
        importlib.import_module("websockets")
        return importlib.import_module("uvicorn")
    except ImportError as error:
        raise InstallError(_CURE.format(reason=error)) from None


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows lets two programs share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(64)
    except OSError as error:
        listening.close()
        raise OutputError(
            f"--serve-events {port}: the port cannot be used ({error.strerror}). Choose another "
            "one, or 0 for any that is free."
        ) from None
    return listening
