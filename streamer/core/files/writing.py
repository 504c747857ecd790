"""Files that notice what others do to them while they are written, and prove that they are there;
write errors as one sentence.

A file that is removed, or whose folder is, can be written to its end without an error on POSIX
systems, and nothing of it is left. So each file is compared with its name: when it is written, when
it is closed, and, by `Proof`, at the end of the run.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from streamer.core.errors import OutputError

# File names may hold bytes that are no text; they are written as \udcff.
_TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
_BUFFER = 8192  # bytes that a killed process loses at most; Python 3.14 would take 131,072
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
_REMOVED = "{path} was removed while it was written: nothing of it is left. Run again."
_REPLACED = "{path} was replaced by another program while it was written. Run again."
_CHANGED = "{path} was changed by another program while it was written. Run again."
_GONE = "{path} was written, but is not there any more. Run again."


def open_output(path: Path, *, overwrite: bool = False, binary: bool = False) -> IO[Any]:
    """Open for writing, creating parent folders; text is UTF-8 with bare newlines.

    Writing and closing raise OutputError where the file is removed, replaced or changed meanwhile.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = WrittenFile(path, "w" if overwrite or is_device(path) else "x")
        buffer = io.BufferedWriter(raw, _BUFFER)
        return buffer if binary else io.TextIOWrapper(buffer, **_TEXT)


def open_log(path: Path, offset: int) -> IO[str]:
    """A text file to append to after its first `offset` bytes; what follows them is cut off."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = WrittenFile(path, "r+" if offset else "w")
        kind = io.BufferedRandom if offset else io.BufferedWriter
        stream = io.TextIOWrapper(kind(raw, _BUFFER), **_TEXT)
        stream.seek(offset)
        stream.truncate()
        return stream


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn the operating system's write errors into OutputError; a closed pipe stays as it is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except FileExistsError:
        raise OutputError(f"{path} exists already; add --overwrite to replace it.") from None
    except OSError as error:
        raise OutputError(_sentence(path, error)) from error


class WrittenFile(io.FileIO):
    """A file opened for writing. `write` and `close` raise OutputError where others changed it."""

    def __init__(self, path: Path, mode: str) -> None:
        """mode: as of `io.FileIO`. Raises OSError."""
        super().__init__(path, mode)
        self._shown = path
        self._path = path.absolute()
        status = os.fstat(self.fileno())
        # Of /dev/stdout, others write to the same file.
        self._is_watched = stat.S_ISREG(status.st_mode) and self._path.parts[1:2] != ("dev",)
        self._is_linked = status.st_nlink > 0
        self._size = status.st_size

    def write(self, data: Any) -> int:
        """Raises OutputError where the file was removed or is not as it was left."""
        if self._is_watched:
            self._check()
        written = super().write(data)
        self._size = max(self._size, self.tell())
        return written

    def truncate(self, size: int | None = None) -> int:
        self._size = super().truncate(size)
        return self._size

    def close(self) -> None:
        """Bring it to the disk and prove that it is there. Raises OutputError, OSError."""
        if self.closed:
            return
        try:
            if self._is_watched:
                sync(self.fileno())
                self._check()
                check_place(self._path, place_of(os.fstat(self.fileno())), self._shown)
        finally:
            super().close()

    def _check(self) -> None:
        status = os.fstat(self.fileno())
        if self._is_linked and status.st_nlink == 0:
            raise OutputError(_REMOVED.format(path=self._shown))
        if status.st_size != self._size:
            raise OutputError(_CHANGED.format(path=self._shown))


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of a finished file, to be asked for again at the end of the run."""

    path: Path
    place: tuple[int, int]  # device and inode
    size_bytes: int

    def check(self) -> None:
        """Raise OutputError where the file is not there as it was."""
        try:
            status = self.path.stat()
        except OSError:
            raise OutputError(_GONE.format(path=self.path)) from None
        if (place_of(status), status.st_size) != (self.place, self.size_bytes):
            raise OutputError(_CHANGED.format(path=self.path).replace("while", "after"))


def proof_of(path: Path) -> Proof | None:
    """Of a regular file that is there; None of a device, or where nothing was written."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode) or path.absolute().parts[1:2] == ("dev",):
        return None
    return Proof(path.absolute(), place_of(status), status.st_size)


def place_of(status: os.stat_result) -> tuple[int, int]:
    """Device and inode."""
    return status.st_dev, status.st_ino


def check_place(path: Path, place: tuple[int, int], display_path: Path | None = None) -> None:
    """Raise OutputError unless the name stands for the file of that device and inode."""
    try:
        there = place_of(path.stat())
    except OSError:
        raise OutputError(_REMOVED.format(path=display_path or path)) from None
    if there != place:
        raise OutputError(_REPLACED.format(path=display_path or path))


def sync(number: int) -> None:
    """Bring a file to the disk, where its file system can do that. Raises OSError."""
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def standard_output_is_nameless() -> bool:
    """Whether standard output is a file without a name (any more)."""
    with contextlib.suppress(OSError):
        status = os.fstat(1)
        return stat.S_ISREG(status.st_mode) and status.st_nlink == 0
    return False


def is_device(path: Path) -> bool:
    """A device or a pipe, such as /dev/null: writing destroys nothing."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _sentence(path: str | Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{path}: the disk is full; what was written before that is kept."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path} cannot be written: permission denied."
    return f"{path} cannot be written: {error.strerror or error}."
