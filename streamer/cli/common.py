"""The frame of all four commands: settings, logging, errors as sentences. Nothing heavy."""

from __future__ import annotations

import contextlib
import errno
import logging
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import typer

from streamer.core.errors import (
    EXIT_BROKEN_PIPE,
    EXIT_INTERRUPTED,
    InternalError,
    MerError,
    OutputError,
    UsageError,
)
from streamer.core.printable import printable
from streamer.core.ranges import clip
from streamer.core.url_text import strip_credentials

if TYPE_CHECKING:
    from streamer.run.config import StreamConfig


def settings_of(config: Path | None, pairs: Sequence[str], options: dict[str, Any]) -> StreamConfig:
    """Defaults, then the file, then --set, then the options of their own. Raises UsageError."""
    from streamer.run.config import load_config

    overrides = parse_pairs(pairs, "spotter.sensitivity=2.")
    return load_config(config, [*overrides, *options.items()])


def parse_pairs(pairs: Sequence[str], example: str) -> list[tuple[str, Any]]:
    """Keys and values of --set key=value; values are read as YAML. Raises UsageError."""
    from streamer.core.files.strict_yaml import parse_yaml

    found = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {clip(pair)}: write it as key=value, as in {example}")
        found.append((key.strip(), parse_yaml(value, where=f"--set {clip(pair)}")))
    return found


@contextlib.contextmanager
def telling_errors(program: str) -> Iterator[None]:
    """A MerError is one sentence and its exit code; Ctrl-C is 130."""
    try:
        yield
    except MerError as error:
        raise typer.Exit(report(program, error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None


def report(program: str, error: MerError) -> int:
    """Say an error in one sentence; returns its exit code."""
    if isinstance(error, InternalError) and error.__cause__ is not None and _wants_details():
        from streamer.core.process.console import safe_lines

        print(safe_lines("".join(traceback.format_exception(error.__cause__))), file=sys.stderr)
    complain(program, str(error))
    return error.exit_code


@contextlib.contextmanager
def logging_to(
    quiet: bool, verbose: bool, log_file: Path | None, progress: bool | None = None
) -> Iterator[bool]:
    """Log to standard error and, where one is given, to a file; whether libraries may speak.

    Raises UsageError for options that contradict each other.
    """
    from streamer.core.process.console import is_verbose, libraries_speak, set_up_logging

    if quiet and verbose:
        raise UsageError("--quiet says less and --verbose says more: choose one of them.")
    if quiet and progress:
        raise UsageError("--quiet hides what --progress shows: choose one of them.")
    verbose = verbose or (is_verbose() and not quiet)
    handler = set_up_logging(quiet=quiet, verbose=verbose, log_file=log_file)
    try:
        with libraries_speak(verbose):
            yield verbose
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
    """Run a command line and end the process with its exit code.

    The one outermost frame of all four commands: whatever happens, it ends with a sentence on
    standard error and a documented code, never with a traceback.
    """
    from streamer.core.process.console import guard_output
    from streamer.core.process.standard_streams import flush_stdout, secure_standard_streams
    from streamer.core.process.stopping import interrupt_on_sigterm, leave

    secure_standard_streams()
    interrupt_on_sigterm()
    guard_output()
    stdout = sys.stdout
    try:
        code = flush_stdout(stdout, _run(app, program, stdout))
    except OutputError as error:
        code = report(program, error)
    except KeyboardInterrupt:  # between the run and its end
        code = EXIT_INTERRUPTED
    leave(code)


def _run(app: typer.Typer, program: str, stdout: TextIO) -> int:
    """The exit code of a command line."""
    from streamer.core.process.standard_streams import failure_of

    # The parser's own base error; its module differs between releases of typer.
    parser_error = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
    try:
        code = app(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except parser_error as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)
        else:
            hint = _hint_of_dash(sys.argv[1:])
            message = error.format_message()
            complain(program, message.rstrip(".") + hint if hint else message)
        return error.exit_code
    except MerError as error:
        return report(program, error)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except SystemExit as end:  # typer's own, when the reader of its help goes away
        return EXIT_BROKEN_PIPE if failure_of(stdout) else _code_of(end)
    except Exception as error:  # noqa: BLE001  the last net: nothing ends in a traceback
        if isinstance(error, OSError) and failure_of(stdout):
            return 0  # flush_stdout finds the same failure and says it
        return report(program, _explain(error))


def _hint_of_dash(arguments: Sequence[str]) -> str:
    """What to do about a file whose name the parser took for an option, where there is one."""
    for name in arguments:
        if name.startswith("-") and len(name) > 1 and Path(name).exists():
            return f". The file {name} begins with a dash: write it as ./{name}"
    return ""


def _explain(error: Exception) -> MerError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{error.filename or 'a file'} cannot be written: the disk is full.")
    return InternalError(error)


def _code_of(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else 0 if end.code is None else 1


def _wants_details() -> bool:
    from streamer.core.process.console import is_verbose

    return is_verbose() or bool({"-v", "--verbose"} & set(sys.argv))
