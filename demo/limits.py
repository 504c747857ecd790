"""What a visitor of the page may use."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Annotated

from streamer.ranges import Range, Workers, check_ranges


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Raises SettingError for a limit out of range."""

    upload_mb: Annotated[int, Range(1, 1_000_000)] = 500  # of one recording
    minutes: Annotated[float, Range(0.1, 1440.0)] = 10.0  # of one recording
    megapixels: Annotated[float, Range(0.01, 1000.0)] = 9.0  # of one picture; 4096 x 2160 passes
    workers: Workers = field(default_factory=_cores)  # recordings analysed at a time
    waiting: Annotated[int, Range(1, 10_000)] = 16  # visitors in the queue for a worker, at most
    live: Workers = field(default_factory=_cores)  # live cameras at a time
    live_minutes: Annotated[float, Range(0.01, 1440.0)] = 30.0  # of one live camera
    visitors: Annotated[int, Range(1, 10_000)] = 64  # at a time
    # a page that says nothing for so long is taken for closed
    idle_minutes: Annotated[float, Range(0.01, 10_080.0)] = 120.0
    # recordings kept per visitor; the oldest goes first
    results: Annotated[int, Range(1, 1000)] = 5
    work_minutes: Annotated[float, Range(0.01, 10_080.0)] = 30.0  # of computing for one recording
    memory_mb: Annotated[int, Range(256, 4_000_000)] = 8192  # address space of one analysis

    def __post_init__(self) -> None:
        check_ranges(self)
