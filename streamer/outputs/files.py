"""Output files: checked before work starts, never overwritten unasked, errors in one sentence."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from streamer.core.errors import OutputError, UsageError
from streamer.outputs.temporary import put_in_place, sync_folder, temporary_beside
from streamer.outputs.written import WrittenFile

__all__ = [
    "check_outputs", "check_writable", "is_device", "open_log", "open_output", "replacing",
    "sync_folder", "write_file", "writing",
]  # fmt: skip

# File names may hold bytes that are no text; they are written as \udcff.
_TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}


def check_outputs(
    outputs: Mapping[str, Path], inputs: Iterable[str | Path] = (), *, overwrite: bool = False
) -> None:
    """Refuse outputs that would destroy something, before any work is done.

    `outputs` maps the option's name to its file. Raises UsageError when two options name one file
    or an input file is named as output; OutputError when a file exists and `overwrite` is not
    given, is a folder, or cannot be written.
    """
    options = list(outputs)
    for i, first in enumerate(options):
        for second in options[i + 1 :]:
            if _same(outputs[first], outputs[second]) and not is_device(outputs[first]):
                raise UsageError(f"{first} and {second} name the same file, {outputs[first]}.")
    sources = [Path(source) for source in inputs]
    for option, path in outputs.items():
        if any(_same(path, source) for source in sources if source.exists()):
            raise UsageError(f"{option} names the source itself, {path}; choose another file.")
        check_writable(path, option, overwrite=overwrite)


def check_writable(path: Path, option: str, *, overwrite: bool) -> None:
    """Raise OutputError unless `path` can be written as things stand now."""
    if path.is_dir():
        raise OutputError(f"{option} {path} is a folder; name a file in it.")
    if path.exists():
        if not overwrite and not is_device(path):
            raise OutputError(f"{path} exists already; add --overwrite to replace it.")
        if not os.access(path, os.W_OK):
            raise OutputError(f"{path} cannot be written: permission denied.")
        return
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise OutputError(f"{path} cannot be written: {parent} is a file, not a folder.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{path} cannot be written: no permission to create files in {parent}.")


def open_output(path: Path, *, overwrite: bool = False, binary: bool = False) -> IO[Any]:
    """Open for writing, creating parent folders; text is UTF-8 with bare newlines.

    Writing and closing raise OutputError where the file is removed, replaced or changed meanwhile.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = WrittenFile(path, "w" if overwrite or is_device(path) else "x")
        buffer = io.BufferedWriter(raw)
        return buffer if binary else io.TextIOWrapper(buffer, **_TEXT)


def write_file(path: Path, data: bytes) -> None:
    """Replace a file, whole or not at all; through a link, the file it means."""
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    with replacing(target) as temporary, writing(path):
        temporary.write_bytes(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write that takes the place of `path` at the end, or not at all.

    After a kill or a power cut `path` is the old file or the new one, never a part of it. Two runs
    may write the same `path`: the last one has it. A device is written as it is.
    """
    if is_device(path):
        yield path
        return
    with contextlib.ExitStack() as stack:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(temporary_beside(path))
        yield temporary
        with writing(path):
            put_in_place(temporary, path)


def open_log(path: Path, offset: int) -> IO[str]:
    """A text file to go on with behind its first `offset` bytes; what follows them is cut off."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = WrittenFile(path, "r+" if offset else "w")
        stream = io.TextIOWrapper(
            io.BufferedRandom(raw) if offset else io.BufferedWriter(raw), **_TEXT
        )
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


def _sentence(path: str | Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{path}: the disk is full; what was written before that is kept."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path} cannot be written: permission denied."
    return f"{path} cannot be written: {error.strerror or error}."


def _same(first: Path, second: Path) -> bool:
    with contextlib.suppress(OSError):
        return first.samefile(second)
    return first.absolute().resolve() == second.absolute().resolve()


def is_device(path: Path) -> bool:
    """A device or a pipe, such as /dev/null: writing destroys nothing."""
    return path.exists() and not path.is_file() and not path.is_dir()
