"""The layouts of MP4 and MOV (boxes on the first level) and of MPEG-TS (packets)."""

from __future__ import annotations

import re
from collections.abc import Generator
from itertools import pairwise

from streamer.sources.layouts.walk import EndOfDataError, Layout

Steps = Generator[int, bytes, None]
_KIND = re.compile(rb"[A-Za-z0-9 \xa9]{4}")
_PACKET = 188


def mp4(layout: Layout) -> Steps:
    """Boxes up to the end of the data; FFmpeg leaves out all behind one that it does not know."""
    numbers: list[int] = []  # of fragments
    while True:
        try:
            head = yield 8
        except EndOfDataError as end:
            if any(end.rest):
                raise
            break
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if size == 0:  # up to the end of the data
            break
        done = 8
        if size == 1:
            size, done = int.from_bytes((yield 8), "big"), 16
        if size < done or not _KIND.fullmatch(kind):
            if any(head):
                layout.faults.append("has blocks of no known kind")
            return
        if kind == b"moof" and size >= done + 16:
            numbers.append(int.from_bytes((yield 16)[12:], "big"))
            done += 16
        if size > done:
            yield done - size
    steps = {after - before for before, after in pairwise(numbers)}
    if 1 in steps and any(step > 1 for step in steps):
        layout.faults.append("lacks fragments")


def mpegts(layout: Layout) -> Steps:
    """Packets of 188 bytes that begin with 0x47; other kinds of packets are not looked at."""
    try:
        first = yield 2 * _PACKET
    except EndOfDataError:
        return
    if first[0] != 0x47 or first[_PACKET] != 0x47:
        return
    while True:
        try:
            packet = yield _PACKET
        except EndOfDataError as end:
            if any(end.rest):
                raise
            return
        if packet[0] != 0x47:
            layout.faults.append("has no packet where one should begin")
            return
