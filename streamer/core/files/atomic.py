"""Files that take the place of another at the end, or not at all.

Each run has temporary names of its own, so that two runs into one target do not write into one
file: whichever ends last has the place. A temporary file is locked while it is written; one that
nobody holds is left from a run that was killed, and goes when its target is written again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from streamer.core.files.locks import HAS_LOCKS, try_lock
from streamer.core.files.writing import check_place, is_device, place_of, sync, writing

_OLD_S = 24 * 3600.0  # where there are no locks, a file of that age is left from a killed run


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
            temporary = stack.enter_context(_temporary_beside(path))
        yield temporary
        with writing(path):
            _put_in_place(temporary, path)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last, where the system can do that."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        sync(number)
    finally:
        os.close(number)


def remove_leftovers(folder: Path) -> None:
    """Remove all temporary files below a folder that no run holds."""
    for path in folder.rglob(".mer-*.tmp"):
        _remove_if_left(path)


def is_temporary(name: str) -> bool:
    """Whether a file of that name is one of ours that was not finished."""
    return name.startswith(".mer-") and name.endswith(".tmp")


@contextlib.contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, removed at the end unless it was put in place.

    Raises OSError.
    """
    for leftover in path.parent.glob(_name(path, "*")):
        _remove_if_left(leftover)
    temporary, number = _create(path)
    try:
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if number is not None:
            os.close(number)


def _put_in_place(temporary: Path, path: Path) -> None:
    """Rename, durably, and prove that it is there. Raises OSError, OutputError."""
    with temporary.open("rb") as stream:
        sync(stream.fileno())
        place = place_of(os.fstat(stream.fileno()))
    temporary.replace(path)
    sync_folder(path.parent)
    check_place(path, place)


def _name(path: Path, own: str) -> str:
    """Short whatever the name: file systems take 255 bytes."""
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]
    return f".mer-{digest}-{own}.tmp"


def _create(path: Path) -> tuple[Path, int | None]:
    """A new file, locked; the descriptor that holds the lock, where there are locks."""
    while True:
        temporary = path.with_name(_name(path, secrets.token_hex(6)))
        number = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if not HAS_LOCKS:
            os.close(number)
            return temporary, None
        with contextlib.suppress(OSError):  # a file system without locks
            try_lock(number)
        if temporary.exists():
            return temporary, number
        os.close(number)  # another run took it for left in the moment before the lock


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):
        if not HAS_LOCKS:
            if time.time() - path.stat().st_mtime > _OLD_S:
                path.unlink()
            return
        number = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if try_lock(number):
                path.unlink()
        finally:
            os.close(number)
