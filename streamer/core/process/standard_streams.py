"""Standard input, output and error, in whatever state the process was given them.

Under a service manager, `pythonw` or `>&-` some are closed. Then the next file that is opened would
get the number 1 or 2, and what a library prints would land in it. So the gaps are closed with the
null device before anything else is opened.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import Any, TextIO

from streamer.core.errors import EXIT_BROKEN_PIPE, OutputError


def secure_standard_streams() -> None:
    """Make standard output and error usable; text in them is UTF-8, whatever the locale."""
    for number in (0, 1, 2):
        _occupy(number)
    if sys.stdout is None or _is_own(sys.stdout, sys.__stdout__, 1):
        sys.stdout = sys.__stdout__ = _watched_stdout(sys.stdout)  # type: ignore[misc, assignment]
    if sys.stderr is None or _is_own(sys.stderr, sys.__stderr__, 2):
        sys.stderr = sys.__stderr__ = lossy_text(2)  # type: ignore[misc, assignment]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def lossy_text(number: int) -> TextIO:
    """A text stream for messages: where nobody can read them, they are lost and the work continues.

    A full disk or a closed pipe behind standard error must not end a recording.
    """
    return io.TextIOWrapper(
        io.BufferedWriter(_Lossy(number, "w", closefd=False)),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def flush_stdout(stream: TextIO, code: int) -> int:
    """Write out what standard output still holds; the exit code after that.

    Raises OutputError where it could not be written and `code` speaks of no other failure. What
    could not be written is dropped, so that Python does not complain of it once more at its end.
    """
    failure: Exception | None = None
    try:
        stream.flush()
    except (OSError, ValueError) as error:
        failure = error
    failure = failure or failure_of(stream)
    if failure is None:
        return code
    _drop(stream)
    if isinstance(failure, BrokenPipeError):
        return code or EXIT_BROKEN_PIPE
    if code:
        return code
    raise OutputError(_sentence(failure)) from failure


def failure_of(stream: TextIO) -> OSError | None:
    """Why standard output could not be written, if so."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.failure if isinstance(raw, _Watched) else None


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "standard output cannot be written: the disk is full."
    reason = getattr(error, "strerror", None) or error
    return f"standard output cannot be written: {reason}."


def _occupy(number: int) -> None:
    """Open the null device under a number that is free."""
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


def _is_own(stream: Any, original: Any, number: int) -> bool:
    """Whether it is the process's own stream, not one that a test or a notebook put there."""
    with contextlib.suppress(OSError, ValueError):
        return stream is original and stream.fileno() == number
    return False


def _watched_stdout(before: Any) -> TextIO:
    if before is not None:
        before.flush()
    raw = _Watched(1, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=raw.isatty(),
        write_through=getattr(before, "write_through", False),
    )


def _drop(stream: TextIO) -> None:
    """Let the rest of the buffer go to the null device."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()


class _Lossy(io.FileIO):
    def write(self, data: object) -> int:
        with contextlib.suppress(OSError):
            written = super().write(data)  # type: ignore[arg-type]
            if written is not None:
                return written
        return memoryview(data).nbytes  # type: ignore[arg-type]


class _Watched(io.FileIO):
    """Remembers that it could not be written: buffers above it may forget."""

    failure: OSError | None = None

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            self.failure = error
            raise
