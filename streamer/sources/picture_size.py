"""Width and height of a still image by its header: PNG, JPEG, BMP, TIFF and WebP."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_SIZE_TAGS = (256, 257)  # of TIFF: width, height
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # of JPEG


def picture_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels of an image file's bytes; None where the header is not known."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack(">II", data[16:24])
        elif data.startswith(b"\xff\xd8"):
            return _size_of_jpeg(data)
        elif data.startswith(b"BM"):
            return _size_of_bmp(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _size_of_webp(data)
        elif data[:2] in (b"II", b"MM"):
            return _size_of_tiff(data)
        else:
            return None
    except (struct.error, IndexError):
        return None
    return width, height


def _size_of_bmp(data: bytes) -> tuple[int, int]:
    if struct.unpack("<I", data[14:18])[0] == 12:  # the header of OS/2
        width, height = struct.unpack("<HH", data[18:22])
    else:
        width, height = struct.unpack("<ii", data[18:26])
    return abs(width), abs(height)  # a negative height: from the top down


def _size_of_jpeg(data: bytes) -> tuple[int, int] | None:
    """The largest of all frames' sizes; thumbnails lie inside other segments."""
    sizes = [
        struct.unpack(">HH", data[at + 3 : at + 7])[::-1]
        for marker, at in _segments(data)
        if marker in _FRAME_MARKERS
    ]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """(marker, place of its length) up to the first picture data."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker in (0xD9, 0xDA):
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # without a length
            at += 2
            continue
        yield marker, at + 2
        at += 2 + max(struct.unpack(">H", data[at + 2 : at + 4])[0], 2)


def _size_of_webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


def _size_of_tiff(data: bytes) -> tuple[int, int] | None:
    """Of the first picture of the file; BigTIFF too."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack(order + "H", data[2:4])[0] == 43
    at = struct.unpack(order + "Q", data[8:16])[0] if big else _u32(data, 4, order)
    count_bytes, entry_bytes, value_at = (8, 20, 12) if big else (2, 12, 8)
    (count,) = struct.unpack(order + ("Q" if big else "H"), data[at : at + count_bytes])
    found: dict[int, int] = {}
    for number in range(min(count, 4096)):
        entry = data[at + count_bytes + number * entry_bytes :][:entry_bytes]
        tag, kind = struct.unpack(order + "HH", entry[:4])
        if tag in _SIZE_TAGS:
            form, size = {3: ("H", 2), 4: ("I", 4), 16: ("Q", 8)}.get(kind, ("I", 4))
            (found[tag],) = struct.unpack(order + form, entry[value_at : value_at + size])
    width, height = (found.get(tag) for tag in _SIZE_TAGS)
    return None if width is None or height is None else (width, height)


def _u32(data: bytes, at: int, order: str) -> int:
    return int(struct.unpack(order + "I", data[at : at + 4])[0])
