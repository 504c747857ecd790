"""Names that stay inside a folder, and the only ways in which this program deletes folders.

What is read back from a disk may be changed or made by somebody else. So a name is one plain part
of a path, nothing on the way is a link, and only real folders directly inside a known one go.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streamer.core.errors import OutputError, SourceRefusedError
from streamer.core.files.regular import open_regular
from streamer.core.files.strict_json import MAX_BYTES, check_shape, parse_json

_MAX_BYTES = 255  # of a name, in file systems
# Names that Windows takes for devices, with any ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


def is_safe_name(name: object) -> bool:
    """Whether `name` can be one file or folder inside another on every system.

    Not so: empty, hidden (also `.` and `..`), with a separator, a drive letter, a wildcard or a
    control character, a device of Windows, ending in a dot or space, or too long.
    """
    return (
        isinstance(name, str)
        and name != ""
        and not name.startswith(".")
        and not name.endswith((".", " "))
        and _FORBIDDEN.search(name) is None
        and _DEVICES.fullmatch(name) is None
        and len(name.encode("utf-8", "surrogatepass")) <= _MAX_BYTES
    )


def is_safe_path(name: object) -> bool:
    """Whether `name` is a path of safe names with `/` between them, as in `images/a.jpg`."""
    return isinstance(name, str) and all(is_safe_name(part) for part in name.split("/"))


def is_link(path: Path) -> bool:
    """Whether something other than a plain file or folder stands there: a link, a junction."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return False
    reparse = getattr(found, "st_file_attributes", 0) & 0x400
    return stat.S_ISLNK(found.st_mode) or bool(reparse)


def is_plain_file(root: Path, name: str) -> bool:
    """Whether `root/name` (a safe path) is a regular file, with no link below `root`."""
    if not is_safe_path(name):
        return False
    path = root
    for part in name.split("/"):
        path = path / part
        if is_link(path):
            return False
    return path.is_file()


def read_inside(root: Path, name: str, limit_bytes: int) -> bytes | None:
    """The bytes of the file `root/name`, a path of safe names; None where there is none.

    Raises ValueError for a name that leads elsewhere, a link on the way, what is no regular file,
    and one of more than `limit_bytes`; OSError where it cannot be read.
    """
    if not is_safe_path(name):
        raise ValueError(f"{name!r} is no name inside the folder")
    path = root
    for part in name.split("/"):
        path = path / part
        if is_link(path):
            raise ValueError(f"{path} is a link")
    try:
        with open_regular(path, path.name) as stream:
            data = stream.read(limit_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except SourceRefusedError as error:
        raise ValueError(str(error)) from None
    if len(data) > limit_bytes:
        raise ValueError(f"{path} has more than {limit_bytes} bytes")
    return data


def read_json(path: Path, shape: Any, limit_bytes: int = MAX_BYTES) -> Any:
    """The JSON of a regular file, if it has the shape (see `strict_json`).

    Raises ValueError for anything else, OSError where it is not there or cannot be read.
    """
    try:
        with open_regular(path, path.name) as stream:
            data = stream.read(limit_bytes + 1)
    except SourceRefusedError as error:
        raise ValueError(str(error)) from None
    if len(data) > limit_bytes:
        raise ValueError(f"it has more than {limit_bytes} bytes")
    return check_shape(parse_json(data), shape)


def has_links(folder: Path) -> bool:
    """Whether a folder is a link, or anything in it is neither a plain file nor a plain folder."""
    if is_link(folder):
        return True
    return any(not _is_plain(path) for path in _everything(folder))


def refuse_link(path: Path) -> None:
    """Raise OutputError where a link stands in a place of the output that is this program's own."""
    if is_link(path):
        raise OutputError(
            f"{path} is a link; results are not written or deleted through links. Remove it, or "
            "choose another --output."
        )


def remove_folder(parent: Path, name: str) -> None:
    """Delete the folder `name` directly inside `parent`; nothing happens where there is none.

    Links in it are removed and what they point to stays. Raises OutputError for a name that leads
    elsewhere, and for a link or a file in its place.
    """
    if name in ("", ".", "..") or "/" in name or os.sep in name or "\0" in name:
        raise OutputError(f"{name!r} is no folder inside {parent}; nothing was deleted.")
    folder = parent / name
    refuse_link(folder)
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is not a folder; nothing was deleted. Move it away.")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be deleted: {error.strerror}.") from error


def empty_folder(folder: Path) -> None:
    """Make `folder`, and delete what is in it. Raises OutputError as `remove_folder`."""
    remove_folder(folder.parent, folder.name)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}.") from error


def _is_plain(path: Path) -> bool:
    if is_link(path):
        return False
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _everything(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):  # does not follow links
        for name in (*folders, *files):
            yield Path(parent, name)
