"""The layouts of GIF, PNG and APNG, and Y4M."""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator

from streamer.sources.layouts.walk import EndOfDataError, Layout

Steps = Generator[int, bytes, None]
_PNG_TEXT = re.compile(rb"[A-Za-z]{4}")
_EXTENSIONS = (0xF9, 0xFE, 0x01, 0xFF)
_MOST_FILLING = 4096
_CHROMA = {"420": 1.5, "422": 2.0, "444": 3.0, "411": 1.5, "mono": 1.0, "444alpha": 4.0}


def gif(layout: Layout) -> Steps:
    """Blocks up to the end mark, one picture per image block."""
    header = yield 13
    yield from _colours(header[10])
    layout.count(0)
    while True:
        kind = (yield 1)[0]
        if kind == 0x3B:
            yield from _nothing_more(layout)
            return
        if kind == 0x2C:
            yield from _colours((yield 9)[8])
            yield 1  # the size of the codes
            layout.count()
        elif kind != 0x21 or (yield 1)[0] not in _EXTENSIONS:
            layout.faults.append("has blocks of no known kind")
            return
        sizes = yield from _parts()
        # Writers fill all parts of a picture but the last: other sizes are another picture's data.
        if kind == 0x2C and len(set(sizes[:-1])) > 2:
            layout.faults.append("has a picture whose data is damaged")
            return


def _parts() -> Generator[int, bytes, list[int]]:
    sizes = []
    while size := (yield 1)[0]:
        yield -size
        sizes.append(size)
    return sizes


def _nothing_more(layout: Layout) -> Steps:
    """After the end mark; a few bytes of filling do no harm."""
    for _ in range(_MOST_FILLING):
        try:
            byte = yield 1
        except EndOfDataError:
            return
        if byte not in b"\0\r\n":
            layout.faults.append("has an end mark before its end")
            return


def _colours(flags: int) -> Steps:
    if flags & 0x80:
        yield -(3 << ((flags & 7) + 1))


def png(layout: Layout) -> Steps:
    """Chunks with their checksums up to IEND; one picture per frame control, or one."""
    yield 8
    layout.count(0)
    while True:
        head = yield 8
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if size > 1 << 31 or not _PNG_TEXT.fullmatch(kind):
            layout.faults.append("has blocks of no known kind")
            return
        data = yield size
        if zlib.crc32(kind + data) != int.from_bytes((yield 4), "big"):
            layout.faults.append("has blocks with a wrong checksum")
        layout.count(kind == b"fcTL")
        if kind == b"IEND":
            return


def y4m(layout: Layout) -> Steps:
    """A header line, then frames of one size."""
    size = _picture_bytes((yield from _line()))
    if size is None:
        return
    layout.count(0)
    while True:
        try:
            marker = yield 5
        except EndOfDataError as end:
            if end.rest:
                raise
            return
        if marker != b"FRAME":
            layout.faults.append("has no frame where one should begin")
            return
        yield from _line()
        yield -size
        layout.count()


def _line() -> Generator[int, bytes, bytes]:
    line = b""
    while not line.endswith(b"\n") and len(line) < 1024:
        line += yield 1
    return line


def _picture_bytes(line: bytes) -> int | None:
    """Bytes of one picture by the header line; None for a kind that is not known."""
    fields = {word[:1]: word[1:] for word in line.decode("latin-1").split()[1:]}
    chroma = fields.get("C", "420")
    name = re.match(r"mono|444alpha|\d{3}", chroma)
    deep = re.search(r"(?:p|mono)(9|1\d)$", chroma)
    if name is None or not (fields.get("W", "").isdecimal() and fields.get("H", "").isdecimal()):
        return None
    width, height = int(fields["W"]), int(fields["H"])
    half_w, half_h = -(-width // 2), -(-height // 2)
    parts = {
        "420": width * height + 2 * half_w * half_h,
        "422": width * height + 2 * half_w * height,
        "411": width * height + 2 * -(-width // 4) * height,
    }
    plain = int(width * height * _CHROMA.get(name.group(), 0))
    return (2 if deep else 1) * parts.get(name.group(), plain) or None
