"""What a visitor of the page may use."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Raises ValueError for a limit that leaves nothing."""

    upload_mb: int = 500  # of one recording
    minutes: float = 10.0  # of one recording
    megapixels: float = 9.0  # of one picture; 4096 x 2160 passes
    workers: int = field(default_factory=_cores)  # recordings analysed at a time
    waiting: int = 16  # visitors in the queue for a worker, at most
    live: int = field(default_factory=_cores)  # live cameras at a time
    live_minutes: float = 30.0  # of one live camera
    visitors: int = 64  # at a time
    visitors_per_address: int = 16  # of one other machine
    idle_minutes: float = 120.0  # a page that says nothing for so long is taken for closed
    absent_s: float = 60.0  # so is one that no browser holds open
    silent_s: float = 15.0  # an upload or camera that sends nothing for so long ends
    wait_s: float = 20.0  # for a place to send a recording
    uploads: int = 8  # recordings that arrive at a time
    uploads_per_address: int = 4
    upload_minutes: float = 20.0  # for one recording to arrive
    unclaimed_s: float = 60.0  # a recording that arrived and was not taken up is deleted
    live_per_address: int = 1
    calls_per_s: float = 20.0  # of one browser
    results: int = 5  # recordings kept per visitor; the oldest goes first
    work_minutes: float = 30.0  # of computing for one recording
    memory_mb: int = 8192  # that one analysis may take

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be above 0")
