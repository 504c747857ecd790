"""Looks at an uploaded recording by its content before anything is decoded."""

from __future__ import annotations

import contextlib
from pathlib import Path

import av

from demo.limits import Limits
from streamer.core.errors import SourceFormatError, SourceRefusedError
from streamer.sources.containers import explain_open_failure, open_container, pick_stream
from streamer.sources.sniff import HEAD_BYTES


def refuse_too_large(path: Path, shown: str, limits: Limits) -> None:
    """Raise SourceFormatError or SourceRefusedError, with a sentence for the visitor, unless the
    file holds a video within the limits, by its header.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise SourceFormatError(f"{shown} is empty (0 bytes). Record or copy it again.")
    try:
        container = open_container(str(path), "file")
    except av.FFmpegError as error:
        raise explain_open_failure(error, shown, head) from None
    with contextlib.closing(container):
        stream = pick_stream(container, shown)
        width, height = stream.codec_context.width, stream.codec_context.height
        duration_s = 0.0 if container.duration is None else container.duration / av.time_base
    if width * height > 1e6 * limits.megapixels:
        raise SourceRefusedError(
            f"{shown} has pictures of {width} x {height}; this page takes up to "
            f"{limits.megapixels:g} million pixels. Make them smaller and try again."
        )
    if duration_s > 60.0 * limits.minutes:
        raise SourceRefusedError(
            f"{shown} says that it is {duration_s / 60.0:.1f} minutes long; this page takes up to "
            f"{limits.minutes:g}. Cut it, or use mer-stream on your own machine."
        )
