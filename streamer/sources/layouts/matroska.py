"""The layout of Matroska and WebM: elements within elements, RFC 9559."""

from __future__ import annotations

from collections.abc import Generator

from streamer.sources.layouts.walk import EndOfDataError, Layout

_UNKNOWN = -1  # a size that is not given: up to the next element of a higher level
_SEGMENT, _CLUSTER, _TRACKS = 0x18538067, 0x1F43B675, 0x1654AE6B
_TOP = frozenset({0x1A45DFA3, _SEGMENT})
_IN_SEGMENT = frozenset(
    {0x114D9B74, 0x1549A966, _TRACKS, _CLUSTER, 0x1C53BB6B, 0x1254C367, 0x1941A469, 0x1043A770}
)
_ANYWHERE = frozenset({0xEC, 0xBF})  # Void, CRC-32
_SIMPLE_BLOCK, _GROUP, _BLOCK = 0xA3, 0xA0, 0xA1
_IN_CLUSTER = frozenset({0xE7, _SIMPLE_BLOCK, _GROUP, 0xAB, 0xA7, 0x5854, 0xAF})
_BLOCK_HEAD = 32  # bytes in which its track is named
_ENTRY, _NUMBER, _TYPE = 0xAE, 0xD7, 0x83
_Element = tuple[int, int, int]  # id, size of its data, bytes of its head


def matroska(layout: Layout) -> Generator[int, bytes, None]:
    """Elements of the segment and of its clusters; one picture per block of the video track."""
    left = _UNKNOWN
    level, known = "file", _TOP
    tracks: set[int] = set()
    cluster_left = _UNKNOWN
    while True:
        try:
            number, size, head = yield from _element()
        except EndOfDataError as end:
            if end.rest or left > 0 or cluster_left > 0:
                raise
            return
        if level == "cluster" and (cluster_left == 0 or number in _IN_SEGMENT | _TOP):
            level = "segment"
        if level == "segment" and number in _TOP:
            level = "file"
        known = {"file": _TOP, "segment": _IN_SEGMENT, "cluster": _IN_CLUSTER}[level]
        if number not in known | _ANYWHERE:
            layout.faults.append("has blocks of no known kind")
            return
        if size == _UNKNOWN and number not in (_SEGMENT, _CLUSTER):
            layout.faults.append("has blocks without an end")
            return
        left = _minus(left, head if number in (_CLUSTER,) or level == "cluster" else head + size)
        if number == _SEGMENT:
            level, left = "segment", size
            continue
        if number == _CLUSTER:
            level, cluster_left = "cluster", size
            continue
        if level == "cluster":
            cluster_left = _minus(cluster_left, head + size)
            left = _minus(left, size)
            if cluster_left < _UNKNOWN:
                layout.faults.append("has blocks that are longer than what holds them")
                return
        if number == _TRACKS:
            tracks = _video_tracks((yield size))
            if len(tracks) == 1:
                layout.count(0)
        elif number in (_SIMPLE_BLOCK, _GROUP) and layout.pictures is not None:
            data = yield min(size, _BLOCK_HEAD)
            held = _track_of(data) if number == _GROUP else _vint(data)[0]
            if held is None:
                layout.pictures = None  # unknown
            else:
                layout.count(held in tracks)
            if size > _BLOCK_HEAD:
                yield _BLOCK_HEAD - size
        elif size:
            yield -size


def _minus(left: int, size: int) -> int:
    """What is left of a parent; below _UNKNOWN: less than nothing."""
    if left == _UNKNOWN:
        return _UNKNOWN
    return left - size if left >= size else _UNKNOWN - 1


def _element() -> Generator[int, bytes, _Element]:
    first = yield 1
    length = 9 - first[0].bit_length()
    if length > 4:
        return 0, 0, 1  # no id begins so
    number = int.from_bytes(first + ((yield length - 1) if length > 1 else b""), "big")
    second = yield 1
    more = 9 - second[0].bit_length()
    if more > 8:
        return 0, 0, 1
    data = second + ((yield more - 1) if more > 1 else b"")
    return number, _size(data), length + more


def _size(data: bytes) -> int:
    bits = 7 * len(data)
    size = int.from_bytes(data, "big") & ((1 << bits) - 1)
    return _UNKNOWN if size == (1 << bits) - 1 else size


def _vint(data: bytes, keep_mark: bool = False) -> tuple[int, int]:
    """(value, length) of the number that `data` begins with; (0, 0) for none."""
    length = 9 - data[0].bit_length() if data else 9
    if length > 8 or len(data) < length:
        return 0, 0
    if keep_mark:
        return int.from_bytes(data[:length], "big"), length
    return _size(data[:length]), length


def _children(data: bytes) -> list[tuple[int, bytes]]:
    """(id, data) of the elements that fill `data`; as far as they can be read."""
    found = []
    at = 0
    while at < len(data):
        number, length = _vint(data[at : at + 4], keep_mark=True)
        size, more = _vint(data[at + length : at + length + 8])
        start = at + length + more
        if not length or not more or size < 0 or start + size > len(data):
            found.append((0, b""))
            break
        found.append((number, data[start : start + size]))
        at = start + size
    return found


def _video_tracks(data: bytes) -> set[int]:
    tracks = set()
    for number, entry in _children(data):
        if number == _ENTRY:
            fields = {n: int.from_bytes(d, "big") for n, d in _children(entry) if len(d) <= 8}
            if fields.get(_TYPE) == 1:
                tracks.add(fields.get(_NUMBER, 0))
    return tracks


def _track_of(group: bytes) -> int | None:
    """The track of a group that begins so; None where the block does not come first."""
    length, more = 1, _vint(group[1:9])[1]
    if group[:1] != bytes([_BLOCK]) or not more:
        return None
    return _vint(group[length + more :])[0]
