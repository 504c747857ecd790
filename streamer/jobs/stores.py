"""Folders and object stores behind one face, through fsspec: `s3://`, `gs://`, `file://` ..."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from streamer.errors import InstallError, OutputError, SourceNotFoundError
from streamer.inside import is_safe_name
from streamer.sources.naming import url_scheme
from streamer.sources.redact import redact

_CURE = '{url} needs {missing}: pip install {missing} (or "mer-stream[batch]")'
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    "sftp": "paramiko",
}
_MARK = "run.json"


def open_store(url: str) -> tuple[Any, str]:
    """(file system, path in it) of a URL. Raises InstallError where its package is missing."""
    try:
        fsspec = importlib.import_module("fsspec")
    except ImportError:
        raise InstallError(_CURE.format(url=redact(url), missing="fsspec")) from None
    try:
        system, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        missing = _PACKAGES.get(url_scheme(url) or "", "")
        if not missing or isinstance(error, ValueError):
            raise InstallError(f"{redact(url)}: no such kind of store ({error}).") from None
        raise InstallError(_CURE.format(url=redact(url), missing=missing)) from None
    return system, str(path)


def find_urls(url: str, suffixes: Collection[str]) -> Iterator[tuple[str, int]]:
    """(URL, size) of a file, of a pattern's files, or of all files with `suffixes` in a folder.

    Raises SourceNotFoundError, also where the store cannot be reached.
    """
    system, path = open_store(url)
    try:
        if any(mark in path for mark in "*?["):
            names = system.glob(path)
        elif system.isdir(path):
            every = system.find(path)
            names = [n for n in every if PurePosixPath(n).suffix.lower() in suffixes]
        else:
            names = [path]
        for name in sorted(names):
            yield _url_of(system, url, name), int(_size(system, name))
    except (OSError, ValueError) as error:
        raise SourceNotFoundError(f"{redact(url)} cannot be listed: {redact(str(error))}") from None
    if not names:
        raise SourceNotFoundError(f"{redact(url)}: there are no recordings.")


def fetch(url: str, folder: Path) -> Path:
    """A local copy of a file in a store. Raises SourceNotFoundError."""
    system, path = open_store(url)
    name = PurePosixPath(path).name
    local = folder / (name if is_safe_name(name) else "recording")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        system.get_file(path, str(local))
    except (OSError, ValueError) as error:
        raise SourceNotFoundError(f"{redact(url)} cannot be read: {redact(str(error))}") from None
    return local


def upload(folder: Path, url: str) -> None:
    """Put the files of a folder under a URL, `run.json` last: where it is, all the rest is.

    Raises OutputError.
    """
    system, path = open_store(url)
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    files.sort(key=lambda p: p.name == _MARK)
    try:
        if system.exists(f"{path}/{_MARK}"):
            system.rm_file(f"{path}/{_MARK}")
        for file in files:
            target = f"{path}/{file.relative_to(folder).as_posix()}"
            system.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
            system.put_file(str(file), target)
    except (OSError, ValueError) as error:
        raise OutputError(f"{redact(url)} cannot be written: {redact(str(error))}") from None


def read_bytes(url: str) -> bytes | None:
    """The content of a file, or None where there is none.

    Raises OutputError where that cannot be found out: no permission, no connection.
    """
    system, path = open_store(url)
    try:
        return bytes(system.cat_file(path))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{redact(url)} cannot be read: {redact(str(error))}. Check the permissions and the "
            "connection, or choose another --output."
        ) from None


def write_bytes(url: str, data: bytes) -> None:
    """Replace a file. Raises OutputError."""
    system, path = open_store(url)
    try:
        system.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        system.pipe_file(path, data)
    except (OSError, ValueError) as error:
        raise OutputError(f"{redact(url)} cannot be written: {redact(str(error))}") from None


def _url_of(system: Any, url: str, name: str) -> str:
    if "://" in name:
        return name
    return f"{url_scheme(url)}://{name}"


def _size(system: Any, name: str) -> int:
    try:
        return system.size(name) or 0
    except (OSError, ValueError):
        return 0
