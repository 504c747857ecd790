"""Ours beside other ways of looking at a face frame by frame, in one run, as one table.

    python -m benchmarks.peers CLIP [--rounds 3] [--profile-seconds 15] [--write]

Every method goes through the same loop, which decodes and finds faces in one thread and does the
rest in another; decoding alone, with a thread on every core, is the bound. The methods take turns,
and each ratio is taken within its round. Slow methods see the first seconds of the clip only.
MediaPipe and TV-L1 are rows where they are installed (`pip install "mer-stream[mediapipe,train]"`).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.page_section import ROOT
from benchmarks.peer_loops import Baseline, FlowOfEveryFrame, MediaPipeAlone
from benchmarks.performance_page import heading, made_by, picture_path, publish
from benchmarks.reliability.process import environment
from benchmarks.speed_plots import plot_peers
from benchmarks.timing import Timed, time_decoding, time_loop
from streamer.run.build import build_pipeline, warm_up
from streamer.run.config import StreamConfig, load_config
from streamer.run.pipeline import Pipeline
from streamer.run.recording import PipelineLike
from streamer.sources import open_source
from training.common.markdown import table
from training.spotting.spotters import SPOTTERS

_EVERY_FRAME = [("faces.mesh_interval_s", 0.0), ("recognise", False)]


@dataclass(frozen=True, slots=True)
class Method:
    """One row: what it is, how it is opened, and how much of the clip it sees."""

    about: str
    open: Callable[[str], Any]  # of the clip; a context with something for the loop
    seconds: float | None = None  # of the clip; None: all
    available: Callable[[], bool] = lambda: True


@contextmanager
def _pipeline(config: StreamConfig, wrap: Callable[[Pipeline], PipelineLike]) -> Iterator[Any]:
    with closing(build_pipeline(config)) as pipeline:
        warm_up(pipeline)
        yield wrap(pipeline)


def _flow(name: str) -> Callable[[str], Any]:
    config = load_config(None, _EVERY_FRAME)
    return lambda _clip: _pipeline(config, lambda p: FlowOfEveryFrame(p, name))


def _baseline(name: str) -> Callable[[str], Any]:
    def opened(clip: str) -> Any:
        with open_source(clip) as source:
            fps = source.info.declared_fps or 25.0
        make = SPOTTERS[name].offline
        assert make is not None
        config = load_config(None, [("recognise", False)])
        return _pipeline(config, lambda p: Baseline(p, make(fps)))

    return opened


def _ours(spotter_model: str | None) -> Callable[[str], Any]:
    config = load_config(None, [("spotter_model", spotter_model)] if spotter_model else [])
    return lambda _clip: _pipeline(config, lambda p: p)


def _has(package: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(package) is not None


METHODS: Mapping[str, Method] = {
    "mer-stream, rule": Method("events with emotions", _ours(None)),
    "mer-stream, learned": Method("events with emotions", _ours("bundled")),
    "MediaPipe alone": Method(
        "a mesh a frame", lambda _clip: closing(MediaPipeAlone()), available=_has("mediapipe")
    ),
    "mesh + Farneback": Method("a mesh and a flow a frame", _flow("farneback"), 10.0),
    "mesh + TV-L1": Method(
        "a mesh and a flow a frame", _flow("tvl1"), 2.0, available=_has("skimage")
    ),
    "MDMD": Method("intervals at the end", _baseline("mdmd"), 10.0),
    "He 2021 / Zhao 2022": Method("intervals at the end", _baseline("he2021"), 5.0),
}
OURS = tuple(name for name in METHODS if name.startswith("mer-stream"))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile-seconds", type=float, default=15.0)
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--write", action="store_true", help="into demo/figures and the docs")
    args = parser.parse_args()
    facts = measure(args.clip, args.rounds, args.only)
    if args.profile_seconds > 0:
        facts["profile"] = profile(args.clip, args.profile_seconds)
    print(json.dumps(facts, indent=2))
    if args.write:
        plot_peers(facts, picture_path("peers"))
        publish("peers", facts, section(facts))


def measure(clip: str, rounds: int, names: Sequence[str]) -> dict[str, Any]:
    """Medians over rounds; every method and the bound once a round."""
    head = heading(f"python -m benchmarks.peers CLIP --rounds {rounds} --write")
    there = [name for name in names if METHODS[name].available()]
    bounds: list[Timed] = []
    planes: list[Timed] = []
    runs: dict[str, list[Timed]] = {name: [] for name in there}
    for _ in range(rounds):
        bounds.append(time_decoding(clip))
        planes.append(time_decoding(clip, rgb=False))
        for name in there:
            with METHODS[name].open(clip) as loop:
                runs[name].append(time_loop(clip, loop, METHODS[name].seconds))
    methods = {name: summed_up(runs[name], bounds) for name in there}
    return {
        **head,
        "clip": Path(clip).name,
        "rounds": rounds,
        "not_installed": [name for name in names if name not in there],
        "methods": {
            "decoding alone": summed_up(bounds, bounds),
            "without RGB": summed_up(planes, bounds),
            **methods,
        },
        "ratios": {
            name: round(1.0 / methods[name]["of_decoding"], 4) for name in OURS if name in methods
        },
    }


def summed_up(runs: Sequence[Timed], bounds: Sequence[Timed]) -> dict[str, Any]:
    """Milliseconds a frame and times decoding alone: medians, the latter of the rounds' own."""
    pairs = zip(runs, bounds, strict=True)
    return {
        "ms": round(statistics.median(run.wall_ms for run in runs), 3),
        "cpu_ms": round(statistics.median(run.cpu_ms for run in runs), 3),
        "of_decoding": round(statistics.median(r.wall_ms / b.wall_ms for r, b in pairs), 3),
        "frames": runs[0].frames,
    }


def profile(clip: str, seconds: float) -> dict[str, Any]:
    """Where the time of ours goes, by `profile_stages`, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "profile.json"
        words = (clip, "--seconds", str(seconds), "--json", str(result))
        subprocess.run(
            [sys.executable, "-m", "benchmarks.profile_stages", *words],
            cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return dict(json.loads(result.read_text(encoding="utf-8")))


def section(facts: dict[str, Any]) -> str:
    """The table, the picture, and the profile."""
    rows = [
        [
            f"**{name}**" if name in OURS else name,
            METHODS[name].about if name in METHODS else "pictures, no faces: the bound",
            f"{one['ms']:.2f}",
            f"{one['of_decoding']:.1f}",
            f"{one['cpu_ms']:.2f}",
            str(one["frames"]),
        ]
        for name, one in facts["methods"].items()
    ]
    head = ["method", "gives", "ms a frame", "times decoding alone", "CPU ms a frame", "frames"]
    text = (
        f"{made_by(facts)}\n\n{table(head, rows)}\n\n"
        "![Milliseconds a frame of every method](performance-peers.png)"
    )
    if facts.get("not_installed"):
        text += f"\n\nNot installed there: {', '.join(facts['not_installed'])}."
    return text + (_profile_table(facts["profile"]) if "profile" in facts else "")


def _profile_table(found: Mapping[str, Any]) -> str:
    """Stages that take a hundredth of the time or more; the rest in one row."""
    stages, all_ms = found["ms_per_frame"], found["all_ms"]
    large = {name: ms for name, ms in stages.items() if ms >= 0.01 * all_ms}
    rows = [
        [
            name,
            f"{ms:.3f}",
            f"{100 * ms / all_ms:.0f} %",
            f"{found['calls_per_frame'].get(name, 1):.2f}",
        ]
        for name, ms in large.items()
    ]
    rest = all_ms - sum(large.values())
    rows.append(
        [f"{len(stages) - len(large)} more", f"{rest:.3f}", f"{100 * rest / all_ms:.0f} %", ""]
    )
    rows.append(["all", f"{all_ms:.3f}", "100 %", ""])
    return (
        "\n\nWhere the time of mer-stream (rule) goes, one thread, same machine and minute "
        "(`python -m benchmarks.profile_stages CLIP`):\n\n"
        + table(["stage", "ms a frame", "share", "calls a frame"], rows)
    )


if __name__ == "__main__":
    main()
