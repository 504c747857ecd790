"""The layout of ASF (WMV): packets of one size that hold parts of pictures, ASF 1.20.3."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from dataclasses import dataclass, field

from streamer.sources.layouts.walk import EndOfDataError, Layout


def _guid(text: str) -> bytes:
    return uuid.UUID(text).bytes_le


_FILE = _guid("8CABDCA1-A947-11CF-8EE4-00C00C205365")
_STREAM = _guid("B7DC0791-A9B7-11CF-8EE6-00C00C205365")
_VIDEO = _guid("BC19EFC0-5B4D-11CF-A8FD-00805F5C442B")
_DATA = _guid("75B22636-668E-11CF-A6D9-00AA0062CE6C")
_INDEX = _guid("33000890-E5B1-11CF-89F4-00A0C90349CB")
_BROADCAST = 1
_DAMAGED = "has data that is damaged"


@dataclass(slots=True)
class _Header:
    packet_bytes: int = 0
    declared: int = 0  # packets; 0: not known
    video: set[int] = field(default_factory=set)  # numbers of its streams


@dataclass(slots=True)
class _Object:
    """What is known of the picture (or sound) that a stream is in the middle of."""

    number: int
    size: int
    got: int


class _DamagedError(Exception):
    """The packet contradicts itself or the one before."""


def asf(layout: Layout) -> Generator[int, bytes, None]:
    """All packets and the parts in them; one picture per object of the only video stream."""
    head = yield 30
    header = _read_header((yield max(int.from_bytes(head[16:24], "little") - 30, 0)))
    data = yield 50
    if data[:16] != _DATA or not 100 <= header.packet_bytes <= 1 << 20:
        layout.faults.append(_DAMAGED)
        return
    declared = header.declared or int.from_bytes(data[40:48], "little")
    if len(header.video) == 1:
        layout.count(0)
    parts: dict[int, _Object] = {}
    found = 0
    while not header.declared or found < declared:
        try:
            packet = yield header.packet_bytes
        except EndOfDataError as end:
            if header.declared or (end.rest and not _INDEX.startswith(end.rest[:4])):
                raise
            return
        found += 1
        if not header.declared and packet[:4] == _INDEX[:4]:
            return  # after packets that nobody counted
        try:
            pictures = _read_packet(packet, parts, header.video)
        except (_DamagedError, IndexError):
            layout.faults.append(_DAMAGED)
            return
        if layout.pictures is not None:
            layout.count(pictures)
    if any(part.got < part.size for part in parts.values()):
        layout.faults.append("ends in the middle of its data")


def _read_header(data: bytes) -> _Header:
    header = _Header()
    at = 0
    while at + 24 <= len(data):
        size = int.from_bytes(data[at + 16 : at + 24], "little")
        if size < 24:
            break
        body = data[at + 24 : at + size]
        if data[at : at + 16] == _FILE and len(body) >= 80:
            flags = int.from_bytes(body[64:68], "little")
            header.packet_bytes = int.from_bytes(body[68:72], "little")
            if not flags & _BROADCAST:
                header.declared = int.from_bytes(body[32:40], "little")
        if data[at : at + 16] == _STREAM and body[:16] == _VIDEO:
            header.video.add(int.from_bytes(body[48:50], "little") & 0x7F)
        at += size
    return header


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self, size: int) -> int:
        """An unsigned number of so many bytes."""
        if self.at + size > len(self.data):
            raise _DamagedError
        value = int.from_bytes(self.data[self.at : self.at + size], "little")
        self.at += size
        return value


def _length(code: int) -> int:
    return (0, 1, 2, 4)[code & 3]


def _read_packet(packet: bytes, parts: dict[int, _Object], video: set[int]) -> int:
    """How many pictures begin in a packet. Raises _DamagedError."""
    cursor = _Cursor(packet)
    flags = cursor.number(1)
    if flags & 0x80:  # error correction
        if flags & 0x60:
            raise _DamagedError
        cursor.number(flags & 0x0F)
        flags = cursor.number(1)
    kinds = cursor.number(1)
    length = cursor.number(_length(flags >> 5)) or len(packet)
    cursor.number(_length(flags >> 1))
    padding = cursor.number(_length(flags >> 3))
    cursor.number(6)  # send time, duration
    end = min(length, len(packet)) - padding
    if length > len(packet) or end < cursor.at:
        raise _DamagedError
    several = cursor.number(1) if flags & 1 else 0
    pictures = 0
    for _ in range(several & 0x3F if flags & 1 else 1):
        pictures += _read_payload(cursor, kinds, _length(several >> 6), end, parts, video)
    return pictures


def _read_payload(
    cursor: _Cursor,
    kinds: int,
    length_bytes: int,
    end: int,
    parts: dict[int, _Object],
    video: set[int],
) -> int:
    stream = cursor.number(1) & 0x7F
    number = cursor.number(_length(kinds >> 4))
    offset = cursor.number(_length(kinds >> 2))
    replicated = cursor.number(_length(kinds))
    size = cursor.number(4) if replicated >= 8 else 0
    cursor.number(replicated - 4 if replicated >= 8 else replicated)
    length = cursor.number(length_bytes) if length_bytes else end - cursor.at
    if length < 0 or cursor.at + length > end:
        raise _DamagedError
    cursor.at += length
    if replicated == 1:  # several small objects at once; only sound is kept so
        return 0
    part = parts.get(stream)
    if offset:
        if part is None or (part.number, part.size, part.got) != (number, size, offset):
            raise _DamagedError
    else:
        if part is not None and part.got < part.size:
            raise _DamagedError
        part = parts[stream] = _Object(number, size, 0)
    part.got += length
    if part.got > part.size:
        raise _DamagedError
    return int(offset == 0 and stream in video)
