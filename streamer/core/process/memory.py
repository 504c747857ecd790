"""A bound on the memory of a process, set by the process itself before it loads anything large."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_LEAST_MB = 4096  # of a default: far above the 0.4 GB that a worker needs for usual recordings
_SHARE = 0.75  # of the machine's memory, for all workers together
_WORDS = (
    *("insufficient memory", "cannot allocate memory", "bad_alloc", "out of memory"),
    *("unable to allocate", "can't start new thread"),
    *("failed to map segment", "cannot map zero-fill pages"),  # of a library that is loaded
)


def limit_memory(megabytes: int) -> None:
    """From now on, asking for more than this is a MemoryError; nothing where no system call can.

    On Linux what counts is the private memory that can be written: libraries and address space that
    is only reserved do not. Elsewhere it is the address space.
    """
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(_kind())
    wanted = megabytes * 2**20
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(_kind(), (soft, hard))


def memory_limit_mb() -> int | None:
    """The bound that is in force; None: there is none."""
    if sys.platform == "win32":
        return None
    import resource

    soft, _ = resource.getrlimit(_kind())
    return None if soft == resource.RLIM_INFINITY else soft // 2**20


def require_memory(size_bytes: int) -> None:
    """Raise MemoryError where so much more memory is not available; none stays taken."""
    bytearray(size_bytes)


def is_memory_error(error: BaseException) -> bool:
    """Whether an error says, in Python or in the words of a library, that memory ran out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _WORDS)


def default_limit_mb(workers: int) -> int | None:
    """A worker's share of three quarters of this machine's memory, 4 GB at least.

    None, no limit, where the memory is not known, and where there is a CUDA device: its driver
    takes many times the memory of the machine as address space.
    """
    total = machine_mb()
    if total is None or Path("/dev/nvidiactl").exists():
        return None
    return max(_LEAST_MB, int(_SHARE * total / max(workers, 1)))


def machine_mb() -> int | None:
    """The machine's memory, or that of this container where it has less; None: not known."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (AttributeError, OSError, ValueError):
        return None
    try:
        text = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return total
    return min(total, int(text) // 2**20) if text.isdigit() else total


def _kind() -> int:
    import resource

    return resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
