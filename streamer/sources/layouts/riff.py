"""The layouts of AVI (RIFF chunks) and FLV (tags)."""

from __future__ import annotations

import re
from collections.abc import Generator

from streamer.sources.layouts.walk import EndOfDataError, Layout

Steps = Generator[int, bytes, None]
_CHUNK = re.compile(rb"[A-Za-z0-9 ]{4}")
_IN_MOVI = re.compile(rb"\d\d(?:dc|db|wb|tx|sb|pc|iv|__)|ix\d\d|JUNK|idx1|LIST|RIFF")
_MOST = 1 << 30  # what a writer puts into a header that it cannot mend at the end
_DATA = re.compile(rb"(\d\d)d[cb]")


def avi(layout: Layout) -> Steps:
    """Chunks up to the end of the data; one picture per chunk of the only video stream."""
    video: list[int] = []
    streams, chunks, declared, movi = -1, 0, 0, False
    while True:
        try:
            head = yield 8
        except EndOfDataError as end:
            if any(end.rest):
                raise
            break
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if not (_IN_MOVI if movi else _CHUNK).fullmatch(kind):
            if any(head):
                layout.faults.append("has blocks of no known kind")
            break
        if kind in (b"RIFF", b"LIST"):
            movi = (yield 4) == b"movi" or (movi and kind == b"LIST")
            continue
        movi = movi and kind != b"idx1"
        if kind == b"strh":
            streams += 1
            data = yield size + size % 2
            if data[:4] == b"vids":
                video.append(streams)
                layout.pictures = 0 if len(video) == 1 else None
                declared = int.from_bytes(data[32:36], "little")
            continue
        found = _DATA.fullmatch(kind)
        if found and layout.pictures is not None and int(found.group(1)) in video:
            chunks += 1  # an empty one: the picture before it stays
            layout.count(size > 0)
        if size:
            yield -(size + size % 2)
    if layout.pictures is not None and not layout.faults and chunks < declared < _MOST:
        layout.faults.append(f"holds {chunks} of the {declared} pictures that its header declares")


def flv(layout: Layout) -> Steps:
    """Tags up to the end of the data; one picture per video tag that holds one."""
    header = yield 9
    yield -(int.from_bytes(header[5:9], "big") - 9 + 4)
    layout.count(0)
    while True:
        try:
            head = yield 11
        except EndOfDataError as end:
            if any(end.rest):
                raise
            return
        kind, size = head[0] & 0x1F, int.from_bytes(head[1:4], "big")
        if kind not in (8, 9, 18) or head[0] & 0xC0:
            layout.faults.append("has blocks of no known kind")
            return
        start = yield min(size, 2)
        if kind == 9 and layout.pictures is not None:
            layout.count(_is_picture(start))
            if start[:1] and start[0] & 0x80:
                layout.pictures = None  # the newer form, which holds other things too
        yield -(size - len(start))
        back = yield 4
        if int.from_bytes(back, "big") not in (size + 11, size, 0):
            layout.faults.append("has blocks whose ends do not fit")
            return


def _is_picture(start: bytes) -> bool:
    if len(start) < 2 or start[0] >> 4 == 5:
        return False
    return start[0] & 0x0F not in (7, 12) or start[1] == 1
