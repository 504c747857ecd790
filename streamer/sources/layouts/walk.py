"""Walks along a container's own structure, block by block, without decoding anything.

A walker is a generator: it yields the number of bytes that it wants next, or a negative number to
leave so many out, and notes what it finds in a `Layout`. So one walker serves files, where much can
be left out, and pipes, whose bytes pass by.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import BinaryIO

_READ_BYTES = 1 << 16
_MOST_WANTED = 1 << 26  # a walker that wants more at once has met a length that is damaged


class EndOfDataError(Exception):
    """Thrown into a walker that wants more than there is. `rest`: what there is."""

    def __init__(self, rest: bytes = b"") -> None:
        super().__init__("the data ends here")
        self.rest = rest


@dataclass(slots=True)
class Layout:
    """What a walker found."""

    pictures: int | None = None  # that the container holds; None: unknown
    faults: list[str] = field(default_factory=list)  # sentences without a subject

    def count(self, pictures: int = 1) -> None:
        """Pictures were found."""
        self.pictures = (self.pictures or 0) + pictures


Walker = Callable[[Layout], Generator[int, bytes, None]]


class Walk:
    """A walker on its way: `feed` it all bytes in order, then `finish`."""

    def __init__(self, walker: Walker) -> None:
        self._layout = Layout()
        self._steps = walker(self._layout)
        self._buffer = bytearray()
        self.done = False
        self.wanted = self._advance(lambda: next(self._steps))

    def feed(self, data: bytes) -> None:
        """The next bytes of the container."""
        if self.done:
            return
        self._buffer += data
        at = 0
        while not self.done:
            if self.wanted < 0:
                left_out = min(-self.wanted, len(self._buffer) - at)
                at += left_out
                self.wanted += left_out
                if self.wanted < 0:
                    break
                self.wanted = self._send(b"")
            elif len(self._buffer) - at >= self.wanted:
                part = bytes(self._buffer[at : at + self.wanted])
                at += self.wanted
                self.wanted = self._send(part)
            else:
                break
        del self._buffer[:at]

    def leave_out(self) -> int:
        """How many bytes may be passed over now, which is taken as done."""
        count = max(-self.wanted, 0)
        if count:
            self.wanted = self._send(b"")
        return count

    def finish(self) -> Layout:
        """There are no more bytes."""
        if not self.done:
            rest = bytes(self._buffer) if self.wanted >= 0 else b""
            try:
                self._steps.throw(EndOfDataError(rest))
            except (EndOfDataError, StopIteration) as end:
                if isinstance(end, EndOfDataError):
                    self._layout.faults.append("ends in the middle of its data")
            self._steps.close()
            self.done = True
        return self._layout

    def _send(self, data: bytes) -> int:
        return self._advance(lambda: self._steps.send(data))

    def _advance(self, step: Callable[[], int]) -> int:
        try:
            wanted = step()
        except StopIteration:
            self.done = True
            return 0
        if wanted > _MOST_WANTED:
            self._layout.faults.append("has a block that is longer than it can be")
            self._steps.close()
            self.done = True
        return wanted


def walk_file(file: BinaryIO, walker: Walker) -> Layout:
    """Walk along an open file from its start."""
    walk = Walk(walker)
    size = file.seek(0, 2)
    at = file.seek(0)
    while not walk.done:
        if -walk.wanted > _READ_BYTES:
            if at - walk.wanted > size:
                break
            at = file.seek(walk.leave_out(), 1)
            continue
        data = file.read(max(walk.wanted, _READ_BYTES))
        if not data:
            break
        at += len(data)
        walk.feed(data)
    return walk.finish()
