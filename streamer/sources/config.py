"""Settings of the source room. Light: no heavy imports."""

from __future__ import annotations

import math
from dataclasses import dataclass

from streamer.sources.limits import MAX_MEGAPIXELS


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """How sources are read. Times in seconds.

    Raises ValueError for a value that cannot be used.
    """

    fps: float | None = None  # image folders: their rate, required; webcams: the rate asked for
    queue_frames: int = 8  # live: frames waiting at most; beyond that the oldest is dropped
    read_timeout_s: float = 10.0  # live and network: opening or one read may take this long
    reconnect_attempts: int = 8  # live: failed attempts in a row before giving up
    reconnect_backoff_s: float = 0.5  # live: wait before the first attempt, doubled for each next
    reconnect_backoff_max_s: float = 30.0  # live: the longest wait between two attempts
    max_megapixels: float = MAX_MEGAPIXELS  # of one picture; larger ones are refused
    decode_threads: int = 0  # of the decoder; 0: by the picture and the cores

    def __post_init__(self) -> None:
        if self.fps is not None:
            _check_positive("fps", self.fps)
        _check_positive("read_timeout_s", self.read_timeout_s)
        _check_positive("max_megapixels", self.max_megapixels)
        _check_at_least("queue_frames", self.queue_frames, 1)
        _check_at_least("reconnect_attempts", self.reconnect_attempts, 0)
        _check_at_least("reconnect_backoff_s", self.reconnect_backoff_s, 0)
        _check_at_least("reconnect_backoff_max_s", self.reconnect_backoff_max_s, 0)
        _check_at_least("decode_threads", self.decode_threads, 0)


def _check_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number above 0, not {value}.")


def _check_at_least(name: str, value: float, least: int) -> None:
    if not (math.isfinite(value) and value >= least):
        raise ValueError(f"{name} must be {least} or more, not {value}.")
