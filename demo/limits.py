"""What a visitor may use; the check of an uploaded recording before it is decoded."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import av

from streamer.core.errors import SourceFormatError, SourceRefusedError
from streamer.core.ranges import Range, Workers, check_ranges
from streamer.sources.choice import pick_stream
from streamer.sources.containers import explain_open_failure, open_container
from streamer.sources.sniff import HEAD_BYTES


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Raises SettingError for a limit out of range."""

    upload_mb: Annotated[int, Range(1, 1_000_000)] = 500  # of one recording
    minutes: Annotated[float, Range(0.01, 1440.0)] = 10.0  # of one recording
    megapixels: Annotated[float, Range(0.01, 1000.0)] = 9.0  # of one picture; 4096 x 2160 passes
    workers: Workers = field(default_factory=_cores)  # recordings analysed at a time
    waiting: Annotated[int, Range(1, 10_000)] = 16  # visitors in the queue for a worker, at most
    live: Workers = field(default_factory=_cores)  # live cameras at a time
    live_minutes: Annotated[float, Range(0.001, 1440.0)] = 30.0  # of one live camera
    live_per_address: Annotated[int, Range(1, 1024)] = 1  # of one other machine
    visitors: Annotated[int, Range(1, 10_000)] = 64  # at a time
    visitors_per_address: Annotated[int, Range(1, 10_000)] = 16  # of one other machine
    # a page that says nothing for so long is taken for closed
    idle_minutes: Annotated[float, Range(0.01, 10_080.0)] = 120.0
    absent_s: Annotated[float, Range(1.0, 86_400.0)] = 60.0  # so is one that no browser holds open
    # an upload or camera that sends nothing for so long ends
    silent_s: Annotated[float, Range(0.1, 3600.0)] = 15.0
    uploads: Annotated[int, Range(1, 1024)] = 8  # recordings that arrive at a time
    uploads_per_address: Annotated[int, Range(1, 1024)] = 4  # of one other machine
    wait_s: Annotated[float, Range(0.1, 3600.0)] = 20.0  # for a place to send a recording
    upload_minutes: Annotated[float, Range(0.01, 1440.0)] = 20.0  # for one recording to arrive
    # a recording that arrived and was not taken up for so long is deleted
    unclaimed_s: Annotated[float, Range(1.0, 86_400.0)] = 60.0
    calls_per_s: Annotated[float, Range(0.1, 10_000.0)] = 20.0  # of one browser
    # recordings kept per visitor; the oldest goes first
    results: Annotated[int, Range(1, 1000)] = 5
    work_minutes: Annotated[float, Range(0.01, 10_080.0)] = 30.0  # of computing for one recording
    memory_mb: Annotated[int, Range(64, 4_000_000)] = 8192  # that one analysis may take

    def __post_init__(self) -> None:
        check_ranges(self)


def refuse_too_large(path: Path, display_name: str, limits: Limits) -> None:
    """Raise SourceFormatError or SourceRefusedError, with a sentence for the visitor, unless the
    file holds a video within the limits, by its header.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise SourceFormatError(f"{display_name} is empty (0 bytes). Record or copy it again.")
    try:
        container = open_container(str(path), "file")
    except av.FFmpegError as error:
        raise explain_open_failure(error, display_name, head) from None
    with contextlib.closing(container):
        stream, _ = pick_stream(container, display_name)
        width, height = stream.codec_context.width, stream.codec_context.height
        duration_s = 0.0 if container.duration is None else container.duration / av.time_base
    if width * height > 1e6 * limits.megapixels:
        raise SourceRefusedError(
            f"{display_name} has pictures of {width} x {height}; this page takes up to "
            f"{limits.megapixels:g} million pixels. Make them smaller and try again."
        )
    if duration_s > 60.0 * limits.minutes:
        raise SourceRefusedError(
            f"{display_name} says that it is {duration_s / 60.0:.1f} minutes long; this page "
            f"takes up to {limits.minutes:g}. Cut it, or use mer-stream on your own machine."
        )
