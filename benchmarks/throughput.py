"""Speed and memory of the whole pipeline on one recording, as JSON.

    python -m benchmarks.throughput CLIP [--runs 3] [--loop-minutes 10]

Decode-only and full-pipeline runs alternate, so their ratio holds on a noisy machine. Decode-only
is decoding with RGB of every frame, as whoever looks at the pictures needs it; without RGB, which
the pipeline mostly spares itself too, it is `planes_fps`. Stage times come from a separate
single-threaded run; there are more of them in benchmarks.profile_stages. With --loop-minutes the
recording is repeated for that many minutes of stream time in one pipeline, and resident memory is
compared between minute one and the end.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamer.core.records import Frame
from streamer.run.build import build_pipeline
from streamer.run.config import load_config
from streamer.run.recording import run_recording
from streamer.sources import SourceConfig, open_source
from streamer.sources.counters import SourceCounters


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--loop-minutes", type=float, default=0.0)
    args = parser.parse_args()
    decode, planes, full = [], [], []
    for _ in range(args.runs):
        decode.append(_decode_fps(args.clip))
        planes.append(_decode_fps(args.clip, rgb=False))
        full.append(_pipeline_fps(args.clip))
    with open_source(args.clip) as source:
        size = f"{source.info.width_px}x{source.info.height_px}"
    result = {
        "clip": Path(args.clip).name,
        "size": size,
        "decode_fps": round(statistics.median(decode), 1),
        "planes_fps": round(statistics.median(planes), 1),
        "pipeline_fps": round(statistics.median(full), 1),
        "ratio": round(_median_ratio(full, decode), 3),
        "ratio_to_planes": round(_median_ratio(full, planes), 3),
        "ms_per_frame": _stage_ms(args.clip),
        "peak_rss_mb": round(_peak_mb(), 1),
        "runs": args.runs,
        "machine": f"{platform.machine()}, {_cores()} cores, Python {platform.python_version()}",
    }
    if args.loop_minutes > 0:
        result["memory"] = _loop(args.clip, args.loop_minutes * 60.0)
    print(json.dumps(result, indent=2))


def _median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def _decode_fps(clip: str, rgb: bool = True) -> float:
    """Decoding alone, with a thread on every core: as fast as it gets."""
    started = time.perf_counter()
    with open_source(clip, SourceConfig(decode_threads=_cores())) as source:
        frames = sum(1 for frame in source if not rgb or frame.image.size)
    return frames / (time.perf_counter() - started)


def _pipeline_fps(clip: str) -> float:
    """Frames a second of a run, model loading left out (a long recording does not notice it)."""
    pipeline = build_pipeline(load_config())
    started = time.perf_counter()
    with open_source(clip) as source:
        results = run_recording(source, pipeline)
        frames = sum(1 for result in results if result.frame is not None)
    seconds = time.perf_counter() - started
    pipeline.close()
    return frames / seconds


def _stage_ms(clip: str) -> dict[str, float]:
    """Mean milliseconds a frame of each stage, one after the other in one thread."""
    pipeline = build_pipeline(load_config())
    spent = {"decode": 0.0, "faces": 0.0, "spot_and_recognise": 0.0}
    frames = 0
    with open_source(clip) as source:
        iterator = iter(source)
        while True:
            begun = time.perf_counter()
            frame = next(iterator, None)
            decoded = time.perf_counter()
            spent["decode"] += decoded - begun
            if frame is None:
                break
            faces = pipeline.track(frame)
            tracked = time.perf_counter()
            pipeline.advance(frame, faces)
            spent["faces"] += tracked - decoded
            spent["spot_and_recognise"] += time.perf_counter() - tracked
            frames += 1
    pipeline.close()
    return {name: round(1e3 * total / max(frames, 1), 3) for name, total in spent.items()}


class _Looped:
    """A recording repeated without end, times going on; looks like a source."""

    def __init__(self, clip: str, until_s: float) -> None:
        self._clip, self._until_s = clip, until_s
        with open_source(clip) as source:
            self.info = source.info
        self.report = SourceCounters().report()

    def __iter__(self) -> Iterator[Frame]:
        index, start_s, last_s, step_s = 0, 0.0, 0.0, 0.04
        while start_s < self._until_s:
            with open_source(self._clip) as source:
                for frame in source:
                    step_s = max(frame.time_s + start_s - last_s, 1e-3) if index else step_s
                    last_s = start_s + frame.time_s
                    yield frame.moved_to(index, last_s)
                    index += 1
            start_s = last_s + step_s

    def close(self) -> None:
        pass


def _loop(clip: str, until_s: float) -> dict[str, float]:
    pipeline = build_pipeline(load_config())
    first = last = 0.0
    frames, started = 0, time.perf_counter()
    for result in run_recording(_Looped(clip, until_s), pipeline):
        if result.frame is None:
            continue
        frames += 1
        if first == 0.0 and result.frame.time_s >= 60.0:
            first = _now_mb()
        if frames % 200 == 0:
            last = _now_mb()
    pipeline.close()
    return {
        "stream_minutes": until_s / 60.0,
        "frames": frames,
        "fps": round(frames / (time.perf_counter() - started), 1),
        "rss_after_one_minute_mb": round(first, 1),
        "rss_at_end_mb": round(last, 1),
        "growth_percent": round(100.0 * (last / max(first, 1e-9) - 1.0), 2),
    }


def _now_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
