"""The layout of Ogg: pages with a number and a checksum, RFC 3533."""

from __future__ import annotations

import zlib
from collections.abc import Generator

from streamer.sources.layouts.walk import EndOfDataError, Layout

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_LAST = 0x04


def checksum(page: bytes) -> int:
    """Ogg's CRC-32 of a page whose own checksum is zero.

    It is that of zlib with all bits the other way round, and no inversion.
    """
    turned = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{turned:032b}"[::-1], 2)


def ogg(layout: Layout) -> Generator[int, bytes, None]:
    """Pages up to the end of the data; the last of each stream says that it is the last."""
    numbers: dict[bytes, int] = {}
    open_streams: set[bytes] = set()
    while True:
        try:
            head = yield 27
        except EndOfDataError as end:
            if end.rest:
                raise
            break
        if head[:4] != b"OggS":
            layout.faults.append("has no page where one should begin")
            return
        table = yield head[26]
        body = yield sum(table)
        page = head[:22] + bytes(4) + head[26:] + table + body
        if checksum(page) != int.from_bytes(head[22:26], "little"):
            layout.faults.append("has pages with a wrong checksum")
            return
        serial, number = head[14:18], int.from_bytes(head[18:22], "little")
        if numbers.get(serial, number - 1) != number - 1:
            layout.faults.append("lacks pages")
            return
        numbers[serial] = number
        (open_streams.discard if head[5] & _LAST else open_streams.add)(serial)
    if open_streams:
        layout.faults.append("ends without its last page")
