"""Folders and object stores behind one face, through fsspec: `s3://`, `gs://`, `file://` ...

The errors of the libraries below hold URLs, keys and request headers. So none of their text is
passed on, and none of them becomes the cause or context of ours: only their kind is named.
"""

from __future__ import annotations

import importlib
import mimetypes
import os
import re
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from streamer.core.errors import InstallError, MerError, OutputError, SourceNotFoundError
from streamer.core.url_text import remember, strip_credentials
from streamer.core.urls import display_name
from streamer.sources.naming import url_scheme

_CURE = '{url} needs {missing}: pip install {missing} (or "mer-stream[batch]")'
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    "sftp": "paramiko",
}
_ERRORS = (  # of these libraries that are neither OSError nor ValueError
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("azure.core.exceptions", "AzureError"),
    ("paramiko", "SSHException"),
)
_MARK = "run.json"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found:
    """A file in a store; `key` is its name below `prefix` where it was listed there, else empty."""

    url: str
    size_bytes: int
    key: str = ""
    prefix: str = ""


def open_store(url: str) -> tuple[Any, str]:
    """(file system, path in it) of a URL. Raises InstallError where its package is missing."""
    try:
        fsspec = importlib.import_module("fsspec")
    except ImportError:
        raise InstallError(_CURE.format(url=_shown(url), missing="fsspec")) from None
    known = False
    try:
        system, path = fsspec.core.url_to_fs(url)
        return system, str(path)
    except ImportError:
        known = True
    except _store_errors():
        pass
    missing = _PACKAGES.get(url_scheme(url) or "", "")
    if known and missing:
        raise InstallError(_CURE.format(url=_shown(url), missing=missing))
    raise InstallError(f"{_shown(url)}: no such kind of store, or not written as one.")


def find(url: str, suffixes: Collection[str]) -> list[Found]:
    """A file, the files of a pattern, or all files with `suffixes` in a folder.

    Raises SourceNotFoundError, also where the store cannot be reached.
    """
    system, path = open_store(url)

    def listed() -> list[Found]:
        if _is_pattern(path):
            return [_found(system, url, _fixed(url), name) for name in sorted(system.glob(path))]
        if not system.isdir(path):
            return [Found(url, _size(system, path))]
        every = [n for n in system.find(path) if PurePosixPath(n).suffix.lower() in suffixes]
        return [_found(system, url, url, name) for name in sorted(every)]

    found = _calling(listed, SourceNotFoundError, f"{remember(url)} cannot be listed")
    if not found:
        raise SourceNotFoundError(f"{display_name(url)}: there are no recordings.")
    return found


def fetch(url: str, folder: Path) -> Path:
    """A local copy of a file in a store. Raises SourceNotFoundError."""
    system, path = open_store(url)
    suffix = PurePosixPath(path).suffix.lower()
    is_known = (mimetypes.guess_type("x" + suffix)[0] or "").startswith(("video/", "image/"))
    local = folder / ("recording" + (suffix if is_known else ""))
    local.parent.mkdir(parents=True, exist_ok=True)
    reading = f"{display_name(url)} cannot be read"
    _calling(lambda: system.get_file(path, str(local)), SourceNotFoundError, reading)
    return local


def upload(folder: Path, url: str) -> None:
    """Put the files of a folder under a URL, `run.json` last: where it is, all the rest is.

    Raises OutputError.
    """
    system, path = open_store(url)
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    files.sort(key=lambda p: p.name == _MARK)

    def put() -> None:
        if system.exists(f"{path}/{_MARK}"):
            system.rm_file(f"{path}/{_MARK}")
        for file in files:
            target = f"{path}/{file.relative_to(folder).as_posix()}"
            system.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
            system.put_file(str(file), target)

    _calling(put, OutputError, f"{_shown(url)} cannot be written")


def read_bytes(url: str) -> bytes | None:
    """The content of a file, or None where there is none.

    Raises OutputError where that cannot be found out: no permission, no connection.
    """
    system, path = open_store(url)

    def get() -> bytes | None:
        try:
            return bytes(system.cat_file(path))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    return _calling(get, OutputError, f"{_shown(url)} cannot be read")


def write_bytes(url: str, data: bytes) -> None:
    """Replace a file. Raises OutputError."""
    system, path = open_store(url)

    def put() -> None:
        system.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        system.pipe_file(path, data)

    _calling(put, OutputError, f"{_shown(url)} cannot be written")


def _calling(action: Callable[[], _T], kind: type[MerError], sentence: str) -> _T:
    """What `action` returns; a store's errors as `kind`, without anything of their text."""
    try:
        return action()
    except _store_errors() as error:
        reason = _reason(error)
    raise kind(f"{sentence}: {reason}.")


def _store_errors() -> tuple[type[Exception], ...]:
    """What the libraries that are in use raise when a store cannot be reached or refuses."""
    loaded = ((sys.modules.get(module), name) for module, name in _ERRORS)
    own = (getattr(module, name, None) for module, name in loaded if module is not None)
    return (OSError, ValueError, *(kind for kind in own if kind is not None))


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is nothing of that name"
    if isinstance(error, PermissionError):
        return "access is denied; check the credentials"
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else f"the store answers {type(error).__name__}"


def _shown(url: str) -> str:
    """Below a URL that is known, with the name of the file."""
    return strip_credentials(url)


def _found(system: Any, url: str, prefix: str, name: str) -> Found:
    folder = str(system._strip_protocol(prefix)).rstrip("/")
    key = name[len(folder) + 1 :] if name.startswith(folder + "/") else ""
    return Found(_url_of(url, name), _size(system, name), key, prefix)


def _is_pattern(path: str) -> bool:
    """Of a web server, a ? begins the query."""
    if url_scheme(path) in ("http", "https"):
        return "*" in path.partition("?")[0]
    return any(mark in path for mark in "*?[")


def _fixed(pattern: str) -> str:
    """The folder of a URL with a pattern in it."""
    stem = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    return stem.rpartition("/")[0]


def _url_of(url: str, name: str) -> str:
    if "://" in name:
        return name
    return f"{url_scheme(url)}://{name}"


def _size(system: Any, name: str) -> int:
    try:
        return int(system.size(name) or 0)
    except (OSError, ValueError):
        return 0
