"""Standard error kept readable: own messages only, unless the libraries' chatter is asked for;
standard output that may lose its reader.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from streamer.errors import OutputError
from streamer.sources.redact import redact
from streamer.standard_streams import lossy_text


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


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _ConsoleFormatter(_RedactingFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"mer-stream: {record.levelname.lower()}: {super().format(record)}"


def set_up_logging(*, quiet: bool, verbose: bool, log_file: Path | None) -> logging.Handler | None:
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
        to_file = logging.FileHandler(log_file, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{log_file} cannot be written: {error.strerror}.") from None
    to_file.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(to_file)
    root.setLevel(logging.INFO)
    return to_file


def detach_stdout() -> None:
    """Keep Python from complaining at exit that the rest of its buffer has no reader."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
