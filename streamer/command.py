"""What the command lines share: options, settings, errors as sentences. Nothing heavy."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from streamer.errors import EXIT_INTERRUPTED, MerError, UsageError
from streamer.printable import printable
from streamer.urls import strip_credentials

if TYPE_CHECKING:
    from streamer.build import StreamConfig


def show_version(wanted: bool) -> None:
    """Callback of `--version`."""
    if wanted:
        from importlib import metadata

        try:
            typer.echo(f"mer-stream {metadata.version('mer-stream')}")
        except metadata.PackageNotFoundError:
            typer.echo("mer-stream (not installed)")
        raise typer.Exit


def option(panel: str, text: str, *names: str, **more: Any) -> Any:
    """An option under the heading `panel` of the help."""
    return typer.Option(*names, help=text, rich_help_panel=panel, show_default=False, **more)


def settings_of(config: Path | None, pairs: Sequence[str], options: dict[str, Any]) -> StreamConfig:
    """Defaults, then the file, then --set, then the options of their own. Raises UsageError."""
    from streamer.build import load_config
    from streamer.strict_yaml import parse_yaml

    overrides = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {pair}: write it as key=value, as in spotter.sensitivity=2.")
        overrides.append((key.strip(), parse_yaml(value, where=f"--set {pair}")))
    overrides += [(key, value) for key, value in options.items() if value is not None]
    return load_config(config, overrides)


VersionFlag = Annotated[
    bool,
    option("Talk", "Print the version and end.", "--version", callback=show_version, is_eager=True),
]


@contextlib.contextmanager
def telling_errors(program: str) -> Iterator[None]:
    """A MerError is one sentence and its exit code; Ctrl-C is 130."""
    try:
        yield
    except MerError as error:
        complain(program, str(error))
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None


@contextlib.contextmanager
def logging_to(quiet: bool, verbose: bool, log_file: Path | None) -> Iterator[None]:
    """Log to standard error and, where one is given, to a file."""
    from streamer.console import set_up_logging

    handler = set_up_logging(quiet=quiet, verbose=verbose, log_file=log_file)
    try:
        yield
        if handler is not None:
            handler.check()
    finally:
        if handler is not None:
            logging.getLogger().removeHandler(handler)
            handler.close()


def complain(program: str, sentence: str) -> None:
    """An error on standard error, on one line and without secrets, in the form all commands use."""
    print(f"{program}: error: {printable(strip_credentials(sentence))}", file=sys.stderr)


def run_app(app: typer.Typer, program: str) -> None:
    """Run a command line and end the process with its exit code."""
    from streamer.console import guard_output
    from streamer.stopping import interrupt_on_sigterm

    interrupt_on_sigterm()
    guard_output()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # JSON lines are UTF-8, whatever the locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # The parser's own base error; its module differs between releases of typer.
    parser_error = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
    try:
        code = app(standalone_mode=False)
    except parser_error as error:
        complain(program, error.format_message())
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = EXIT_INTERRUPTED
    sys.exit(code)
