"""`mer-demo`: the page on this machine."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from streamer.command import VersionFlag, option, run_app, telling_errors
from streamer.errors import InstallError, UsageError
from streamer.ranges import Range, Workers

_PROGRAM = "mer-demo"
_HELP = """See micro-expressions happen, in a web page on this machine.

\b
  mer-demo                       then open http://127.0.0.1:7860
  mer-demo --port 8000 --open    on another port, and open the browser
  mer-demo --max-minutes 30      take longer recordings

\b
Recordings, the live camera, a look inside each event, settings, benchmarks. Nothing leaves the
machine; a visitor's files are deleted when the page is closed. Ctrl-C ends it.
"""
_EPILOG = (
    "The page has no password. --host 0.0.0.0 lets everybody in your network use it: do that only "
    "behind a server that asks who is there, and with https (browsers give no camera without).\n\n"
    "Not for use on people at work or in education (EU AI Act, article 5(1)(f)); not a lie "
    "detector. Figures and limits: see the README."
)
_WHERE, _HOW_MUCH, _TALK = "Where", "How much", "Talk"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.command(help=_HELP, epilog=_EPILOG)
def demo(
    host: Annotated[
        str, option(_WHERE, "Address to listen on; 127.0.0.1 (this machine only) if left out.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        option(_WHERE, "Port; 7860 if left out, 0 for any that is free.", within=Range(0, 65535)),
    ] = 7860,
    open_: Annotated[bool, option(_WHERE, "Open the browser.", "--open")] = False,
    max_minutes: Annotated[
        float | None,
        option(_HOW_MUCH, "Length of a recording at most; 10.", within=Range(0.1, 1440.0)),
    ] = None,
    max_megabytes: Annotated[
        int | None,
        option(_HOW_MUCH, "Size of a recording at most; 500.", within=Range(1, 1_000_000)),
    ] = None,
    workers: Annotated[
        int | None, option(_HOW_MUCH, "Recordings at a time; one per core.", within=Workers)
    ] = None,
    live: Annotated[
        int | None, option(_HOW_MUCH, "Live cameras at a time; one per core.", within=Workers)
    ] = None,
    verbose: Annotated[bool, option(_TALK, "Say more.", "--verbose", "-v")] = False,
    version: VersionFlag = False,
) -> None:
    given = {
        "minutes": max_minutes, "upload_mb": max_megabytes, "workers": workers, "live": live,
    }  # fmt: skip
    with telling_errors(_PROGRAM):
        _serve(host, port, open_, {k: v for k, v in given.items() if v is not None}, verbose)


def _serve(host: str, port: int, open_: bool, limits: dict[str, Any], verbose: bool) -> None:
    """Serve until Ctrl-C.

    Raises InstallError without Gradio, UsageError where the port is taken.
    """
    try:
        import uvicorn

        from demo.server import create_app
    except ImportError as error:
        raise InstallError(
            f'the page needs Gradio ({error}): pip install "mer-stream[demo]"'
        ) from None
    from demo.guard import LOOPBACK
    from demo.limits import Limits

    listening = _listen(host, port)
    address = f"http://{_written(host)}:{listening.getsockname()[1]}"
    local = host in LOOPBACK or host == "::1"
    app = create_app(Limits(**limits), LOOPBACK if local else None)
    print(f"mer-demo: open {address} in a browser; Ctrl-C ends it.", flush=True)
    if not local:
        print("mer-demo: everybody who reaches this address can use the page.", flush=True)
    if open_:
        import webbrowser

        webbrowser.open(address)
    config = uvicorn.Config(
        app, log_level="info" if verbose else "warning", ws_max_size=4 * 2**20,
        timeout_graceful_shutdown=3, server_header=False,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> Any:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((host.strip("[]"), port))
    except OSError as error:
        one.close()
        raise UsageError(
            f"{host}:{port} cannot be used ({error.strerror}): another program may have it; try "
            f"--port {port + 1 if 0 < port < 65535 else 8000}"
        ) from None
    one.listen(128)
    return one


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def main() -> None:
    """Entry point of `mer-demo` and of `python -m demo`."""
    run_app(app, _PROGRAM)
