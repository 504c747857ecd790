"""What a file seems to be by its first bytes: for clear sentences, never for trust."""

from __future__ import annotations

import re
from typing import Literal

HEAD_BYTES = 4096
Looks = Literal["playlist", "image", "audio", "text", "unknown"]

_PLAYLIST = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:#EXTM3U|ffconcat|<\?xml[^>]*>\s*<(?:MPD|smil|asx)|<MPD|<smil|<asx"
    rb"|\[playlist\]|v=0\r?\n)",
    re.IGNORECASE,
)
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"BM", b"II*\x00", b"MM\x00*")
_AUDIO = (b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"#!AMR")


_ANIMATED = 0x02  # flag of the chunk VP8X


def is_animated_webp(head: bytes) -> bool:
    """Whether a file that begins so is a WebP with several pictures."""
    is_webp = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
    return is_webp and len(head) > 20 and bool(head[20] & _ANIMATED)


def looks_like(head: bytes) -> Looks:
    """The kind of file that starts with `head`."""
    if _PLAYLIST.match(head):
        return "playlist"
    if head.startswith(_IMAGES) or head[8:12] == b"WEBP":
        return "image"
    if head.startswith(_AUDIO) or head[8:12] == b"WAVE":
        return "audio"
    return "text" if head and _is_text(head) else "unknown"


def _is_text(head: bytes) -> bool:
    try:
        text = head[: HEAD_BYTES - 4].decode("utf-8")  # the last letter may be cut
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\n\r\f\ufeff" for letter in text)
