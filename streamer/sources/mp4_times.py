"""Finds MP4 files whose table of times contradicts their own header.

The edit list is given in the time of the header, so FFmpeg leaves out frames that such a table puts
outside of it. The frames are all there: they are read without the list, at equal distances.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_MOST_BYTES = 1 << 26  # of the index
_SLOWEST_FPS, _FASTEST_FPS = 1.0, 2000.0  # a rate that is believed
_RATIO = 2.0  # by which the two may differ
_AGREE = 0.1
_Box = tuple[bytes, bytes]


def rate_without_times(file: BinaryIO) -> float | None:
    """Frames a second by the header, where the table of times cannot be right; else None."""
    index = _find_index(file)
    if index is None:
        return None
    try:
        whole_s = _seconds(dict(_boxes(index)).get(b"mvhd", b""))
        for kind, track in _boxes(index):
            if kind == b"trak" and _find(track, b"mdia", b"hdlr")[8:12] == b"vide":
                return _judge(track, whole_s)
    except (struct.error, ZeroDivisionError):
        pass
    return None


def _judge(track: bytes, whole_s: float) -> float | None:
    header = _find(track, b"mdia", b"mdhd")
    declared_s = _seconds(header)
    table = _find(track, b"mdia", b"minf", b"stbl", b"stts")
    (entries,) = struct.unpack(">I", table[4:8])
    runs = list(struct.iter_unpack(">II", table[8 : 8 + 8 * entries]))
    frames = sum(count for count, _ in runs)
    table_s = sum(count * step for count, step in runs) / _timescale(header)
    if frames < 2 or declared_s <= 0:
        return None
    fps = frames / declared_s
    fits = declared_s / _RATIO <= table_s <= declared_s * _RATIO
    absurd = not 1 / _FASTEST_FPS <= table_s / frames <= 1 / _SLOWEST_FPS
    confirmed = abs(whole_s - declared_s) <= _AGREE * declared_s
    if fits or not (absurd or confirmed) or not _SLOWEST_FPS <= fps <= _FASTEST_FPS:
        return None
    return fps


def _find_index(file: BinaryIO) -> bytes | None:
    """The data of the box `moov`."""
    size = file.seek(0, 2)
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        start = 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), 16
        if length < start:
            return None
        if head[4:8] == b"moov":
            file.seek(at + start)
            return file.read(length - start) if length <= _MOST_BYTES else None
        at += length
    return None


def _boxes(data: bytes) -> Iterator[_Box]:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _find(data: bytes, *path: bytes) -> bytes:
    """The data of the first box at `path`; empty where there is none."""
    for name in path:
        data = next((held for kind, held in _boxes(data) if kind == name), b"")
    return data


def _timescale(header: bytes) -> int:
    """Units a second of a `mvhd` or `mdhd`."""
    at = 20 if header[:1] == b"\1" else 12
    return int(struct.unpack(">I", header[at : at + 4])[0])


def _seconds(header: bytes) -> float:
    """The duration in a `mvhd` or `mdhd`; 0 where it is not given."""
    if not header:
        return 0.0
    at, form = (24, ">Q") if header[0] == 1 else (16, ">I")
    (duration,) = struct.unpack(form, header[at : at + struct.calcsize(form)])
    unknown = duration == (1 << 8 * struct.calcsize(form)) - 1
    return 0.0 if unknown else float(duration / _timescale(header))
