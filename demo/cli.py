"""`mer-demo`: the page on this machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamer.cli import options as common
from streamer.cli.common import logging_to, run_app, telling_errors
from streamer.cli.options import LAW, option
from streamer.core.errors import InstallError, UsageError
from streamer.core.ranges import Range, Workers

if TYPE_CHECKING:
    from demo.account import Account

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
    "Without --auth the page has no password. --host 0.0.0.0 lets everybody in your network use "
    "it: do that only with --auth, behind a proxy that adds https (browsers give no camera "
    "without); docs/demo.md has a recipe.\n\n" + LAW
)
_WHERE, _WHO, _HOW_MUCH = "Where", "Who", "How much"

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
    public_name: Annotated[
        list[str] | None,
        option(
            _WHERE,
            "Name under which a proxy on this machine serves the page, as in lab.example. May be "
            "repeated.",
        ),
    ] = None,
    auth: Annotated[
        str | None,
        option(
            _WHO,
            "Ask for this user name and a password, which is read from the environment variable "
            "MER_DEMO_PASSWORD or from --password-file.",
            metavar="USER",
        ),
    ] = None,
    password_file: Annotated[
        Path | None, option(_WHO, "A text file with the password of --auth.")
    ] = None,
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
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
    log_file: common.LogFile = None,
    version: common.Version = False,
) -> None:
    given = {
        "minutes": max_minutes, "upload_mb": max_megabytes, "workers": workers, "live": live,
    }  # fmt: skip
    with telling_errors(_PROGRAM), logging_to(quiet, verbose, log_file) as speaks:
        limits = {k: v for k, v in given.items() if v is not None}
        _serve(host, port, open_, public_name or [], _account(auth, password_file), limits, speaks)


def _account(auth: str | None, password_file: Path | None) -> Account | None:
    """Who may use the page; None: everybody. Raises UsageError."""
    if auth is None:
        if password_file is not None:
            raise UsageError("--password-file has no effect without --auth USER: add it.")
        return None
    from demo.account import read_account

    return read_account(auth, password_file)


def _serve(
    host: str, port: int, open_: bool, names: list[str], account: Account | None,
    limits: dict[str, Any], verbose: bool,
) -> None:  # fmt: skip
    """Serve until Ctrl-C.

    Raises InstallError without Gradio, UsageError where the port is taken.
    """
    try:
        import uvicorn  # noqa: F401  to be told before anything is opened

        from demo.server import serve_app
    except ImportError as error:
        raise InstallError(
            f'the page needs Gradio ({error}): pip install "mer-stream[demo]"'
        ) from None
    from demo.app_context import open_app_context
    from demo.limits import Limits
    from demo.rules import LOOPBACK
    from demo.serving import serve

    listening = _listen(host, port)
    address = f"http://{_written(host)}:{listening.getsockname()[1]}"
    local = host in LOOPBACK or host == "::1"
    hosts = LOOPBACK | {name.lower() for name in names} if local or names else None
    context = open_app_context(Limits(**limits))
    with contextlib.closing(context):
        app = serve_app(context, hosts, account)
        print(f"mer-demo: open {address} in a browser; Ctrl-C ends it.", flush=True)
        if not local:
            who = "whoever knows the password" if account else "everybody who reaches this address"
            print(f"mer-demo: {who} can use the page.", flush=True)
        if open_:
            import webbrowser

            webbrowser.open(address)
        serve(app, listening, context.close, verbose=verbose)


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
