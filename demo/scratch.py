"""The temporary folder of a running page; folders that a killed page left behind are swept."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

_LOG = logging.getLogger(__name__)
PREFIX = "mer-demo-"
_LOCK = ".lock"
_YOUNG_S = 60.0  # a folder without a lock that is younger may be one that is just being made


@dataclass(frozen=True)
class ScratchFolder:
    """A folder that nobody else may read, held by a lock that ends with the process."""

    path: Path
    lock: FileLock

    def close(self) -> None:
        """Delete the folder and all that is in it. May be called more than once."""
        self.lock.release(force=True)
        shutil.rmtree(self.path, ignore_errors=True)


def open_scratch() -> ScratchFolder:
    """Sweep what killed pages left, then make a folder of our own."""
    sweep_leftovers(Path(tempfile.gettempdir()))
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = FileLock(path / _LOCK)
    lock.acquire(blocking=False)
    return ScratchFolder(path, lock)


def sweep_leftovers(parent: Path) -> list[Path]:
    """Delete the folders of pages that no longer run; returns them."""
    swept = []
    for path in sorted(parent.glob(f"{PREFIX}*")):
        if _is_ours(path) and _is_abandoned(path):
            shutil.rmtree(path, ignore_errors=True)
            _LOG.info("swept %s, left by a page that was killed", path.name)
            swept.append(path)
    return swept


def _is_ours(path: Path) -> bool:
    """A real folder of this user: in a shared temporary folder anybody can make a name."""
    try:
        facts = path.lstat()
    except OSError:
        return False
    mine = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
    return mine and stat.S_ISDIR(facts.st_mode)


def _is_abandoned(path: Path) -> bool:
    lock = path / _LOCK
    try:
        if not stat.S_ISREG(lock.lstat().st_mode):
            return False
    except FileNotFoundError:
        return time.time() - path.lstat().st_mtime > _YOUNG_S
    except OSError:
        return False
    held = FileLock(lock)
    try:
        held.acquire(blocking=False)
    except (Timeout, OSError):
        return False
    held.release(force=True)
    return True
