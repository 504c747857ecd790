"""Locks on open files and folders that end with the process that holds them, however it ends."""

from __future__ import annotations

try:
    import fcntl
except ImportError:  # no such locks on Windows
    fcntl = None  # type: ignore[assignment]

HAS_LOCKS = fcntl is not None


def try_lock(descriptor: int) -> bool:
    """Take the lock of an open file or folder; False where somebody else has it.

    True too where the system has no locks. Raises OSError where its file system has none.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
