"""The temporary folder of a running page; folders that a killed page left behind are swept.

A page holds a lock on its folder that ends with its process, however it ends.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from streamer.core.files.locks import HAS_LOCKS, try_lock

_LOG = logging.getLogger(__name__)
PREFIX = "mer-demo-"
_TRIES = 5
_INSIDE = re.compile(rf"\S*/{PREFIX}\S*/")


@dataclass
class ScratchFolder:
    """A folder that nobody else may read."""

    path: Path
    lock: int | None  # an open descriptor of the folder

    def close(self) -> None:
        """Delete the folder and all that is in it. May be called more than once."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None


def open_scratch() -> ScratchFolder:
    """Sweep what killed pages left, then make a folder of our own."""
    sweep_leftovers(Path(tempfile.gettempdir()))
    for _ in range(_TRIES):
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = _hold(path)
        if not HAS_LOCKS or (lock is not None and path.is_dir()):
            return ScratchFolder(path, lock)
        # A page that started at the same moment took it for a leftover.
    raise OSError(f"no folder can be kept in {tempfile.gettempdir()}")


def sweep_leftovers(parent: Path) -> list[Path]:
    """Delete the folders of pages that no longer run; returns them."""
    swept = []
    for path in sorted(parent.glob(f"{PREFIX}*")):
        lock = _hold(path) if HAS_LOCKS and _is_ours(path) else None
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)
            _LOG.info("swept %s, left by a page that was killed", path.name)
            swept.append(path)
    return swept


def _is_ours(path: Path) -> bool:
    """A real folder of this user: in a shared temporary folder anybody can make a name."""
    try:
        facts = path.lstat()
    except OSError:
        return False
    return facts.st_uid == os.getuid() and stat.S_ISDIR(facts.st_mode)


def _hold(path: Path) -> int | None:
    """The lock on a folder; None where somebody else has it."""
    if not HAS_LOCKS:  # Windows: nothing is swept there
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        if try_lock(descriptor):
            return descriptor
    os.close(descriptor)
    return None


def without_folders(sentence: str) -> str:
    """A sentence as a visitor may read it: of files of the page only their own names."""
    return _INSIDE.sub("", sentence)
