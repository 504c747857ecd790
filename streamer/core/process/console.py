"""Standard error kept readable: own messages only, unless the libraries' chatter is asked for;
standard output that may lose its reader.
"""

from __future__ import annotations

import contextlib
import copy
import faulthandler
import logging
import os
import stat
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from streamer.core.errors import OutputError
from streamer.core.printable import printable, printable_lines
from streamer.core.process.standard_streams import lossy_text
from streamer.core.url_text import remember, strip_credentials

# They may hold a password: libraries below use them, and name them in their errors.
_SECRET_VARIABLES = (
    "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "FSSPEC_S3_ENDPOINT_URL", "HF_ENDPOINT",
)  # fmt: skip


def set_library_levels() -> None:
    """Ask the native libraries to be quiet; only works before they are imported."""
    for name, value in {
        "GLOG_minloglevel": "3",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OPENCV_LOG_LEVEL": "ERROR",
        "QT_LOGGING_RULES": "*=false",
    }.items():
        os.environ.setdefault(name, value)
    logging.getLogger("absl").setLevel(logging.ERROR)


@contextlib.contextmanager
def libraries_speak(enabled: bool) -> Iterator[None]:
    """Let native libraries write to standard error, in this process and those that it starts.

    MER_VERBOSE is asked for where libraries are loaded, and by worker processes.
    """
    names = {"MER_VERBOSE": "1", "GLOG_minloglevel": "0", "TF_CPP_MIN_LOG_LEVEL": "0"}
    added = [name for name in names if enabled and name not in os.environ]
    os.environ.update({name: names[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def is_verbose() -> bool:
    """Whether MER_VERBOSE is set: the same as --verbose of a command."""
    return bool(os.environ.get("MER_VERBOSE"))


@contextlib.contextmanager
def hushed(enabled: bool) -> Iterator[None]:
    """Send what native code writes to file descriptor 2 to nowhere; Python's stderr still works.

    TensorFlow Lite and MediaPipe log there with no switch to turn it off.
    """
    if not enabled or not _owns_stderr():
        yield
        return
    set_library_levels()
    python_stderr = sys.stderr
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        python_stderr.flush()
        sys.stderr = lossy_text(kept)
        os.dup2(nowhere, 2)
        faulthandler.enable(kept)  # a crash in native code still says where it was
        yield
    finally:
        faulthandler.disable()
        sys.stderr.flush()
        sys.stderr = python_stderr
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _owns_stderr() -> bool:
    """Whether sys.stderr is the process's own, not one that a test or a notebook put there."""
    original = sys.__stderr__
    if original is None or sys.stderr is not original:
        return False
    with contextlib.suppress(OSError, ValueError):
        return original.fileno() == 2
    return False


class _BarAwareHandler(logging.StreamHandler):
    """Writes to the present sys.stderr, clear of a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        self.stream = sys.stderr
        with tqdm.external_write_mode(file=sys.stderr):
            super().emit(record)


class _SafeFormatter(logging.Formatter):
    """One line per record, and the lines of a traceback; no secret of a URL in any of them."""

    def format(self, record: logging.LogRecord) -> str:
        safe = copy.copy(record)
        safe.msg, safe.args = printable(strip_credentials(record.getMessage())), None
        safe.exc_text = None  # another handler may have left the bare traceback there
        if safe.stack_info:
            safe.stack_info = safe_lines(safe.stack_info)
        return super().format(safe)

    def formatException(self, ei: Any) -> str:  # noqa: N802  the name that logging gives it
        return safe_lines(super().formatException(ei))


class _ConsoleFormatter(_SafeFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"mer-stream: {record.levelname.lower()}: {super().format(record)}"


class LogFile(logging.FileHandler):
    """A log that knows whether all that was logged is in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._path = path
        self._failure = ""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        error = sys.exc_info()[1]
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        self._failure = self._failure or f"{self._path} cannot be written: {reason}."

    def check(self) -> None:
        """Raise OutputError where the log was removed, or something could not be written."""
        status = os.fstat(self.stream.fileno()) if self.stream is not None else None
        if status is not None and stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
            self._failure = f"{self._path} was removed while it was written: nothing of it is left."
        if self._failure:
            raise OutputError(self._failure)


def set_up_logging(*, quiet: bool, verbose: bool, log_file: Path | None) -> LogFile | None:
    """Send log records to standard error and, with all details, to `log_file`.

    Returns the file's handler, to be closed by the caller. Raises OutputError.
    """
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _BarAwareHandler)]:
        root.removeHandler(handler)
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    console = _BarAwareHandler(sys.stderr)
    console.setLevel(level)
    console.setFormatter(_ConsoleFormatter("%(message)s"))
    root.addHandler(console)
    root.setLevel(level)
    if log_file is None:
        return None
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        to_file = LogFile(log_file)
    except OSError as error:
        raise OutputError(f"{log_file} cannot be written: {error.strerror}.") from None
    to_file.setFormatter(_SafeFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(to_file)
    root.setLevel(logging.INFO)
    return to_file


def safe_lines(text: str) -> str:
    """Text of several lines, such as a traceback, that is safe to print."""
    return printable_lines(strip_credentials(text))


def print_uncaught(
    kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> None:
    """Print an error that nobody expected; for `sys.excepthook`."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # no standard error any more
        lines = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(safe_lines(lines.rstrip("\n")) + "\n")


def guard_output() -> None:
    """Keep secrets out of what Python itself prints, and know those of the command line."""
    sys.excepthook = print_uncaught
    threading.excepthook = _print_uncaught_of_thread
    logging.raiseExceptions = False  # it would print the bare record of a log that is full
    for word in sys.argv[1:]:
        option, equals, value = word.partition("=")
        remember(value if equals and option.startswith("-") else word)
        if not option.startswith("-") and equals and "://" in value:
            remember(value)  # key=value of --set
    for name in _SECRET_VARIABLES:
        remember(os.environ.get(name, ""))


def _print_uncaught_of_thread(hooked: threading.ExceptHookArgs) -> None:
    if hooked.exc_value is not None and hooked.exc_type is not SystemExit:
        print_uncaught(hooked.exc_type, hooked.exc_value, hooked.exc_traceback)


def detach_stdout() -> None:
    """Keep Python from complaining at exit that the rest of its buffer has no reader."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
