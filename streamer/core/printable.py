"""Text that is safe on one line of a terminal or a log."""

from __future__ import annotations

import json
import unicodedata
from typing import Any


def printable(text: object) -> str:
    r"""`text` on one line: control and format characters as escapes, everything else as it is.

    A file name may hold an escape sequence that takes over the terminal, a line end that forges a
    line of the log, or characters that turn the direction of writing.

    >>> print(printable("clip\x1b[2J\n.mp4"))
    clip\x1b[2J\n.mp4
    """
    text = str(text)
    return text if text.isprintable() else "".join(map(_escaped, text))


def printable_lines(text: str) -> str:
    """As `printable`, but line ends are kept: for text that has lines of its own."""
    return "\n".join(map(printable, text.split("\n")))


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON in UTF-8 that reads back the same and holds nothing that a terminal would obey.

    Raises ValueError for numbers that JSON does not know.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    if text.isprintable():
        return text
    # Line ends are part of the layout: within a text, JSON has escaped them already.
    return "".join(c if c == "\n" or _is_shown(c) else json.dumps(c)[1:-1] for c in text)


def _escaped(character: str) -> str:
    if _is_shown(character):
        return character
    return character.encode("unicode_escape").decode("ascii")


def _is_shown(character: str) -> bool:
    """Also spaces other than the plain one, which macOS puts into names."""
    return character.isprintable() or unicodedata.category(character) == "Zs"
