"""Settings of the source room. Light: no heavy imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from streamer.core.ranges import FrameRate, Range, check_ranges
from streamer.sources.limits import MAX_MEGAPIXELS


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """How sources are read. Times in seconds.

    Raises SettingError for a value out of range.
    """

    # image folders: their rate, required; webcams: the rate asked for
    fps: FrameRate | None = None
    # live: frames waiting at most; beyond that the oldest is dropped
    queue_frames: Annotated[int, Range(1, 256)] = 8
    # live and network: opening or one read may take this long
    read_timeout_s: Annotated[float, Range(0.01, 3600.0)] = 10.0
    # live: failed attempts in a row before giving up
    reconnect_attempts: Annotated[int, Range(0, 1_000_000)] = 8
    # live: wait before the first attempt, doubled for each next
    reconnect_backoff_s: Annotated[float, Range(0.0, 3600.0)] = 0.5
    # live: the longest wait between two attempts
    reconnect_backoff_max_s: Annotated[float, Range(0.0, 3600.0)] = 30.0
    # of one picture; larger ones are refused
    max_megapixels: Annotated[float, Range(0.001, 4096.0)] = MAX_MEGAPIXELS
    # of the decoder; 0: by the picture and the cores
    decode_threads: Annotated[int, Range(0, 64)] = 0

    def __post_init__(self) -> None:
        check_ranges(self)
