"""Lists of recordings, one a line, as editors and shells of any system write them.

Windows alone writes four kinds: UTF-16 with a mark (PowerShell 5, Notepad), without one (some
exports), UTF-8 with a mark, and the code page of the country (`dir /b > list.txt`). "Copy as path"
puts each name in quotes.
"""

from __future__ import annotations

import codecs
import locale
import os
from pathlib import Path

from streamer.core.errors import SourceNotFoundError, UsageError
from streamer.core.files.regular import open_regular
from streamer.sources.naming import url_scheme

_MAX_BYTES = 64 * 2**20
_LOOKED_AT = 64  # bytes; of UTF-16 every second one is 0, where letters are western
_QUOTES = (('"', '"'), ("'", "'"), ("\u201c", "\u201d"))
# Tried where a list is not UTF-8 and a name in it is not there byte for byte: of Windows and its
# console in western and central Europe.
_CODE_PAGES = ("cp1252", "cp850", "cp437", "cp1250", "cp852")


def read_list(path: Path) -> list[str]:
    """Lines of a list; blank lines and those that begin with # are left out.

    A relative name counts from the folder of the list. Of a code page that is not told anywhere,
    the one is taken by which a file of that name is there; bytes that are no text in any stay as
    they are, and fail by name in their turn.

    Raises SourceNotFoundError, SourceRefusedError, and UsageError for what is no list.
    """
    try:
        with open_regular(path, f"@{path}", "give a text file with one recording a line") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceNotFoundError(f"@{path}: the list cannot be read: {reason}.") from None
    if len(data) > _MAX_BYTES:
        raise UsageError(f"@{path} has more than {_MAX_BYTES} bytes: it is no list of names.")
    lines = [_unquoted(line.strip()) for line in _decode(data, path).splitlines()]
    names = [line for line in lines if line and not line.startswith("#")]
    return [_placed(name, path.parent) for name in names]


def _decode(data: bytes, path: Path) -> str:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = data.decode("utf-16")
        elif set(data[1:_LOOKED_AT:2]) == {0} and len(data) % 2 == 0:
            text = data.decode("utf-16-le")  # without its mark
        else:
            text = data.decode("utf-8-sig", errors="surrogateescape")
    except UnicodeDecodeError as error:
        raise UsageError(f"@{path} is no list of names: {error.reason}.") from None
    if "\0" in text:
        raise UsageError(f"@{path} is no list of names: it holds null bytes.")
    return text


def _unquoted(line: str) -> str:
    """A line without one pair of quotes around all of it."""
    for first, last in _QUOTES:
        if len(line) > 2 and line.startswith(first) and line.endswith(last):
            return line[1:-1].strip()
    return line


def _placed(name: str, folder: Path) -> str:
    """A name as it is to be opened; a file that is there has the say over what the bytes mean."""
    if name == "sample" or url_scheme(name):
        return name
    for spelling in _spellings(name):
        if _is_there(folder / spelling):
            return str(folder / spelling)
    return str(folder / name)


def _spellings(name: str) -> list[str]:
    found = [name]
    raw = name.encode("utf-8", "surrogateescape")
    if any("\udc80" <= letter <= "\udcff" for letter in name):
        for page in dict.fromkeys((locale.getpreferredencoding(False), *_CODE_PAGES)):
            try:
                found.append(raw.decode(page))
            except (UnicodeDecodeError, LookupError):
                continue
    if os.sep != "\\" and "\\" in name:  # a list that was written on Windows
        found += [spelling.replace("\\", "/") for spelling in found]
    return found


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
