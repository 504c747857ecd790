"""What a container holds by its own structure, to compare with what came out of it.

FFmpeg reads on behind damage without a word in many formats: blocks of which a checksum or a length
is wrong are left out. Here the structure is walked once more, which is cheap as nothing is decoded.
"""

from __future__ import annotations

from streamer.sources.layouts.asf import asf
from streamer.sources.layouts.boxes import mp4, mpegts
from streamer.sources.layouts.matroska import matroska
from streamer.sources.layouts.ogg import ogg
from streamer.sources.layouts.riff import avi, flv
from streamer.sources.layouts.simple import gif, png, y4m
from streamer.sources.layouts.walk import Layout, Walk, Walker, walk_file

__all__ = ["Layout", "Walk", "Walker", "walk_file", "walker_by_head", "walker_of"]

_WALKERS: dict[str, Walker] = {
    "apng": png,
    "asf": asf,
    "avi": avi,
    "flv": flv,
    "gif": gif,
    "matroska,webm": matroska,
    "mov,mp4,m4a,3gp,3g2,mj2": mp4,
    "mpegts": mpegts,
    "ogg": ogg,
    "yuv4mpegpipe": y4m,
}


_HEADS: tuple[tuple[bytes, Walker], ...] = (
    (b"GIF8", gif),
    (b"OggS", ogg),
    (b"\x1a\x45\xdf\xa3", matroska),
    (b"RIFF", avi),
    (b"FLV\x01", flv),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", asf),
    (b"\x89PNG\r\n\x1a\n", png),
    (b"YUV4MPEG2 ", y4m),
    (b"G", mpegts),
)


def walker_by_head(head: bytes) -> Walker | None:
    """The walker for data that begins so, where the format is not known yet."""
    if head[4:8] == b"ftyp":
        return mp4
    return next((walker for mark, walker in _HEADS if head.startswith(mark)), None)


def walker_of(format_name: str) -> Walker | None:
    """The walker for one of FFmpeg's formats; None where there is none."""
    return _WALKERS.get(format_name)
