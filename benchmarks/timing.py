"""What a run costs: wall and CPU time of decoding alone and of a pipeline, models loaded before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from streamer.run.build import build_pipeline, warm_up
from streamer.run.config import load_config
from streamer.run.recording import PipelineLike, run_recording
from streamer.sources import SourceConfig, open_source


@dataclass(frozen=True, slots=True)
class Timed:
    """One run."""

    frames: int
    wall_s: float
    cpu_s: float  # of all threads of this process

    @property
    def wall_ms(self) -> float:
        """Wall milliseconds a frame."""
        return 1e3 * self.wall_s / max(self.frames, 1)

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds a frame, all threads together."""
        return 1e3 * self.cpu_s / max(self.frames, 1)

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.frames / max(self.wall_s, 1e-9)


def timed(work: Callable[[], int]) -> Timed:
    """Run `work`, which returns how many frames it took."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    frames = work()
    return Timed(frames, time.perf_counter() - wall_s, time.process_time() - cpu_s)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def time_decoding(clip: str, threads: int | None = None, rgb: bool = True) -> Timed:
    """Decoding alone, to RGB as whoever looks at the pictures needs it, unless told.

    threads: of the decoder, one on every core unless told.
    """

    def work() -> int:
        with open_source(
            clip, SourceConfig(decode_threads=threads or cores(), from_luma=not rgb)
        ) as source:
            return sum(1 for frame in source if not rgb or frame.image.size)

    return timed(work)


def time_loop(clip: str, pipeline: PipelineLike, max_seconds: float | None = None) -> Timed:
    """A recording through the one loop; max_seconds: of the recording."""

    def work() -> int:
        results = run_recording(open_source(clip), pipeline, max_seconds=max_seconds)
        return sum(1 for result in results if result.frame is not None)

    return timed(work)


def time_pipeline(clip: str, **settings: Any) -> Timed:
    """A recording through the whole pipeline; settings: such as `faces__max_faces=8`."""
    pairs = [(name.replace("__", "."), value) for name, value in settings.items()]
    with closing(build_pipeline(load_config(None, pairs))) as pipeline:
        warm_up(pipeline)
        return time_loop(clip, pipeline)
