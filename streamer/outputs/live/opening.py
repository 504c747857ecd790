"""Opens what other programs get while a run lasts, as far as it was asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from streamer.core.errors import UsageError
from streamer.outputs.live.lsl import LslOutlets, import_pylsl
from streamer.outputs.live.server import EventServer, import_uvicorn


def check_live(port: int | None, lsl: str | None) -> None:
    """Raise InstallError for a missing library, UsageError for a name that LSL cannot carry."""
    if port is not None:
        import_uvicorn()
    if lsl is not None:
        if not (lsl.isprintable() and lsl.strip()):
            raise UsageError("--lsl: give the streams a name of printable letters.")
        import_pylsl()


def open_live(
    port: int | None, lsl: str | None, regions: Sequence[str], *, signals: bool, quiet: bool
) -> list[EventServer | LslOutlets]:
    """The server and the streams; `signals`: the server has them too. See `check_live`."""
    live: list[EventServer | LslOutlets] = []
    if port is not None:
        server = EventServer(port, regions if signals else None)
        live.append(server)
        if not quiet:
            print(
                f"Events on 127.0.0.1, port {server.port}: /events (Server-Sent Events), /ws "
                "(WebSocket).",
                file=sys.stderr,
            )
    if lsl is not None:
        live.append(LslOutlets(lsl, regions))
    return live
