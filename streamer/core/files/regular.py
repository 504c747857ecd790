"""Only regular files are read: no pipe, socket, device or file of the kernel by mistake.

Opening a pipe waits for whoever writes into it, perhaps for ever; a device may never end. So what a
name stands for is looked up first, without opening it, and looked up again once it is open, as it
may have been replaced in between.
"""

from __future__ import annotations

import functools
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO, TextIO

from streamer.core.errors import SourceRefusedError

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
_CURE = "give a recording, or - for standard input"
# File systems whose "files" are made by the kernel while they are read: some never end, some wait.
_KERNEL = frozenset(
    {"proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "configfs", "bpf"}
    | {"devpts", "fusectl", "mqueue", "pstore", "binfmt_misc", "efivarfs", "selinuxfs"}
)
# Opening a pipe or a terminal must neither wait nor take it over.
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


def require_regular(path: Path, name: str, cure: str = _CURE) -> None:
    """Raise SourceRefusedError for what is there and is no regular file; links are followed.

    name: what the message calls it. cure: what the message advises. Nothing is opened. Raises
    OSError or ValueError (a null byte) as `Path.stat` does: what is not there is the caller's.
    """
    _require(path.stat(), name, cure)


def open_regular(path: Path, name: str, cure: str = _CURE) -> BinaryIO:
    """Open a regular file for reading bytes; never waits.

    Raises SourceRefusedError as `require_regular`, OSError or ValueError as `open`.
    """
    require_regular(path, name, cure)
    number = os.open(path, _FLAGS)
    try:
        _require(os.fstat(number), name, cure)
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def open_regular_text(path: Path, name: str, cure: str = _CURE) -> TextIO:
    """The same for reading UTF-8 text, with its newlines as they are."""
    return io.TextIOWrapper(open_regular(path, name, cure), encoding="utf-8", newline="")


def is_regular(path: Path) -> bool:
    """Whether there is a regular file; False where that cannot be found out."""
    try:
        require_regular(path, "")
    except (OSError, ValueError, SourceRefusedError):
        return False
    return True


def _require(found: os.stat_result, name: str, cure: str) -> None:
    kind = _KINDS.get(stat.S_IFMT(found.st_mode))
    if kind is None and stat.S_ISREG(found.st_mode):
        if not _is_of_kernel(found.st_dev):
            return
        kind = "a file that the system makes while it is read, as in /proc"
    raise SourceRefusedError(
        f"{name} is not a regular file ({kind or 'of no known kind'}): {cure}."
    )


@functools.lru_cache(maxsize=64)
def _is_of_kernel(device: int) -> bool:
    """Whether a device number is that of a mounted file system of the kernel's own (Linux)."""
    if not hasattr(os, "major"):
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    for line in text.splitlines():
        # 36 35 98:0 /root /where options ... - type source options
        mount, _, kind = line.partition(" - ")
        if mount.split()[2:3] == [number] and kind.split()[:1] and kind.split()[0] in _KERNEL:
            return True
    return False
