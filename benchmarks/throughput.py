"""Speed of the whole pipeline on one recording against decoding alone, as JSON.

    python -m benchmarks.throughput CLIP [--runs 5] [--write]

Decoding alone, with a thread on every core, and the whole pipeline alternate, so that their ratio
holds on a noisy machine. `wall` is the ratio a user sees; `cpu` that of all threads' CPU time,
decoding in one thread, which hardly depends on how many cores there are and what else they do.
Stage times come from a run in one thread. Memory over hours is measured by `memory`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.performance_page import heading, made_by, publish
from benchmarks.timing import Timed, cores, time_decoding, time_pipeline
from streamer.run.build import build_pipeline
from streamer.run.config import load_config
from streamer.sources import open_source
from training.common.markdown import short


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="into demo/figures and the docs")
    args = parser.parse_args()
    result = measure(args.clip, args.runs)
    print(json.dumps(result, indent=2))
    if args.write:
        publish("throughput", result, section(result))


def measure(clip: str, runs: int) -> dict[str, Any]:
    """Medians over `runs` of three measurements that take turns."""
    rounds = [
        (time_decoding(clip), time_decoding(clip, threads=1), time_pipeline(clip))
        for _ in range(runs)
    ]
    with open_source(clip) as source:
        size = f"{source.info.width_px}x{source.info.height_px}"
    ratios = ratios_of(rounds)
    return {
        **heading(f"python -m benchmarks.throughput CLIP --runs {runs}"),
        "clip": Path(clip).name,
        "size": size,
        "decode_fps": round(statistics.median(many.fps for many, _, _ in rounds), 1),
        "pipeline_fps": round(statistics.median(full.fps for _, _, full in rounds), 1),
        "ratio": ratios["wall"],
        "ratios": ratios,
        "spread": [round(bound.wall_s / full.wall_s, 3) for bound, _, full in rounds],
        "cpu_ms_per_frame": {
            "decode": round(statistics.median(one.cpu_ms for _, one, _ in rounds), 3),
            "pipeline": round(statistics.median(full.cpu_ms for _, _, full in rounds), 3),
        },
        "ms_per_frame": _stage_ms(clip),
        "runs": runs,
        "cores": cores(),
    }


def ratios_of(rounds: list[tuple[Timed, Timed, Timed]]) -> dict[str, float]:
    """Decoding (all threads, one thread) over the pipeline: medians of the rounds' own ratios."""
    return {
        "wall": round(statistics.median(d.wall_ms / p.wall_ms for d, _, p in rounds), 3),
        "cpu": round(statistics.median(d.cpu_ms / p.cpu_ms for _, d, p in rounds), 3),
    }


def section(facts: dict[str, Any]) -> str:
    """A paragraph."""
    stages = ", ".join(
        f"{name.replace('_', ' ')} {ms:.2f}" for name, ms in facts["ms_per_frame"].items()
    )
    cpu = facts["cpu_ms_per_frame"]
    return (
        f"{made_by(facts)}\n\n"
        f"One face at {facts['size'].replace('x', ' x ')}, H.264: "
        f"**{facts['pipeline_fps']:.0f} frames a second**, decoding included. The whole pipeline "
        f"has {short(facts['ratio'], 2)} of the speed of decoding alone "
        f"({facts['decode_fps']:.0f} frames a second with a thread on each of {facts['cores']} "
        f"cores; median of {facts['runs']} runs, from {short(min(facts['spread']), 2)} to "
        f"{short(max(facts['spread']), 2)}). In CPU time: {cpu['pipeline']:.2f} ms a frame, of "
        f"which decoding alone takes {cpu['decode']:.2f}. Milliseconds a frame in one thread: "
        f"{stages}."
    )


def _stage_ms(clip: str) -> dict[str, float]:
    """Mean milliseconds a frame of each stage, one after the other in one thread."""
    spent = {"decode": 0.0, "faces": 0.0, "spot_and_recognise": 0.0}
    frames = 0
    with closing(build_pipeline(load_config())) as pipeline, open_source(clip) as source:
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
    return {name: round(1e3 * total / max(frames, 1), 3) for name, total in spent.items()}


if __name__ == "__main__":
    main()
