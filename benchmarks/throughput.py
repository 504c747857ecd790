"""Speed of the whole pipeline on one recording against decoding alone, as JSON.

    python -m benchmarks.throughput CLIP [--runs 5] [--write]

Decoding alone, with a thread on every core, and the whole pipeline alternate, so that their ratio
holds on a noisy machine. Decoding gives RGB of every frame, as whoever looks at the pictures needs
it; without RGB, which the pipeline mostly spares itself too, is told beside it. `wall` is the ratio
a user sees; `cpu` that of all threads' CPU time, decoding in one thread, which hardly depends on
how many cores there are and what else they do.
Stage times come from a run in one thread. Memory over hours is measured by `memory`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.performance_page import heading, made_by, publish
from benchmarks.timing import Timed, cores, time_decoding, time_pipeline
from streamer.run.build import build_pipeline
from streamer.run.config import load_config
from streamer.sources import open_source
from training.common.markdown import short


@dataclass(frozen=True, slots=True)
class Round:
    """Four runs, one after the other."""

    decoded: Timed  # to RGB, a thread on every core
    planes: Timed  # the same without RGB
    one_thread: Timed  # to RGB, one thread
    pipeline: Timed


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
    """Medians over `runs` of measurements that take turns."""
    head = heading(f"python -m benchmarks.throughput CLIP --runs {runs}")
    rounds = [_round(clip) for _ in range(runs)]
    with open_source(clip) as source:
        size = f"{source.info.width_px}x{source.info.height_px}"
    ratios = ratios_of(rounds)
    return {
        **head,
        "clip": Path(clip).name,
        "size": size,
        "decode_fps": round(statistics.median(one.decoded.fps for one in rounds), 1),
        "planes_fps": round(statistics.median(one.planes.fps for one in rounds), 1),
        "pipeline_fps": round(statistics.median(one.pipeline.fps for one in rounds), 1),
        "ratio": ratios["wall"],
        "ratios": ratios,
        "spread": [round(one.pipeline.fps / one.decoded.fps, 3) for one in rounds],
        "cpu_ms_per_frame": {
            "decode": round(statistics.median(one.one_thread.cpu_ms for one in rounds), 3),
            "pipeline": round(statistics.median(one.pipeline.cpu_ms for one in rounds), 3),
        },
        "ms_per_frame": _stage_ms(clip),
        "runs": runs,
        "cores": cores(),
    }


def _round(clip: str) -> Round:
    return Round(
        time_decoding(clip),
        time_decoding(clip, rgb=False),
        time_decoding(clip, threads=1),
        time_pipeline(clip),
    )


def ratios_of(rounds: Sequence[Round]) -> dict[str, float]:
    """The pipeline's speed over that of decoding: medians of the rounds' own ratios."""
    found = {
        "wall": [one.decoded.wall_ms / one.pipeline.wall_ms for one in rounds],
        "wall, without RGB": [one.planes.wall_ms / one.pipeline.wall_ms for one in rounds],
        "cpu": [one.one_thread.cpu_ms / one.pipeline.cpu_ms for one in rounds],
    }
    return {name: round(statistics.median(values), 3) for name, values in found.items()}


def section(facts: dict[str, Any]) -> str:
    """A paragraph."""
    stages = ", ".join(
        f"{name.replace('_', ' ')} {ms:.2f}" for name, ms in facts["ms_per_frame"].items()
    )
    cpu, least, most = facts["cpu_ms_per_frame"], min(facts["spread"]), max(facts["spread"])
    return (
        f"{made_by(facts)}\n\n"
        f"One face at {facts['size'].replace('x', ' x ')}, H.264: "
        f"**{facts['pipeline_fps']:.0f} frames a second**, decoding included. The whole pipeline "
        f"has **{short(facts['ratio'], 2)}** of the speed of decoding alone "
        f"({facts['decode_fps']:.0f} frames a second to RGB, a thread on each of {facts['cores']} "
        f"cores; median of {facts['runs']} rounds, from {short(least, 2)} to {short(most, 2)}), "
        f"and {short(facts['ratios']['wall, without RGB'], 2)} of decoding without RGB. In CPU "
        f"time: {cpu['pipeline']:.2f} ms a frame; decoding alone takes {cpu['decode']:.2f} of "
        f"one core. Milliseconds a frame in one thread: {stages}."
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
