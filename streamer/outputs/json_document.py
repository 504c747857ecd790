"""A list of JSON objects as one document, written one by one.

The list is closed after each object, and opened again for the next one: a file is valid JSON at
every moment, after a kill too. What cannot be gone back in (a pipe, a terminal) gets its last
bracket at the end.
"""

from __future__ import annotations

import io
import os
from typing import IO, Any

_END = "\n]\n"


class JsonDocument:
    """One list on a stream: text, or bytes where it can seek."""

    def __init__(self, stream: IO[Any]) -> None:
        self._stream = stream
        self._is_text = isinstance(stream, io.TextIOBase)
        self._seeks = not self._is_text and stream.seekable()
        self._empty = True
        self._put("[" + (_END if self._seeks else ""))

    def add(self, text: str) -> None:
        """Add one object. Raises OSError."""
        if self._seeks:
            self._stream.seek(-len(_END), os.SEEK_END)
        before = "\n" if self._empty else ",\n"
        self._empty = False
        self._put(before + text + (_END if self._seeks else ""))

    def close(self) -> None:
        """Finish the list; standard output stays open."""
        if not self._seeks:
            self._put(_END)
        if not self._is_text:
            self._stream.close()

    def _put(self, text: str) -> None:
        self._stream.write(text if self._is_text else text.encode("utf-8", "backslashreplace"))
        self._stream.flush()


def is_document(stream: IO[str]) -> bool:
    """Whether a stream at its beginning holds a list and not lines; it is left there."""
    while (letter := stream.read(1)).isspace():
        pass
    stream.seek(0)
    return letter == "["
