"""Where the time of a frame goes: milliseconds of each stage in one thread, as a table.

    python -m benchmarks.profile_stages CLIP [--seconds 15] [--json FILE]

Every stage is a function of the pipeline that is wrapped in a stopwatch; what a wrapped function
calls that is wrapped itself is counted there and not here, so the column adds up. It is the
processor's time, which other programs on the machine disturb little; reading it costs about a
microsecond a call, which the lines contain.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from streamer.core.process.two_threads import two_busy_threads
from streamer.run.build import build_pipeline
from streamer.run.config import load_config
from streamer.run.recording import RecordingRun
from streamer.sources import SourceConfig, open_source

# What is timed: module, function (or class.method), and the name of the line.
STAGES = (
    ("streamer.sources.decode", "Decoder._decode", "decode"),
    ("streamer.sources.pixels", "PixelConverter._rgb", "picture to RGB"),
    ("streamer.faces.search", "FaceSearch.follow", "mesh"),
    ("streamer.faces.search", "FaceSearch.search", "face search"),
    ("streamer.faces.tracker", "FaceTracker.push", "tracker"),
    ("streamer.faces.warp", "Warp.apply", "warp"),
    ("streamer.faces.alignment", "Aligner.push", "anchor"),
    ("streamer.faces.aligned_picture", "AlignedYuv.grey", "grey"),
    ("streamer.faces.aligned_picture", "AlignedYuv.rgb", "aligned RGB"),
    ("spotting.motion.extractor", "normalise_brightness", "normalise brightness"),
    ("spotting.motion.reference", "Reference.follow", "Lucas-Kanade"),
    ("spotting.motion.reference", "Reference.take", "new reference"),
    ("streamer.faces.head_motion", "RigidFit.solve", "head fit"),
    ("spotting.motion.regions", "Layout.pool", "pooling"),
    ("spotting.motion.regions", "Layout.median", "pooling"),
    ("spotting.motion.appearance", "AppearanceWatcher.push", "appearance"),
    ("spotting.motion.gaze", "GazeWatcher.push", "gaze"),
    ("spotting.motion.gates", "GateWatcher.push", "gates"),
    ("spotting.motion.extractor", "MotionExtractor.push", "extractor, the rest"),
    ("spotting.motion.series", "MotionSeries.push", "series"),
    ("spotting.motion.bumps", "BumpMeter.advance", "bumps"),
    ("spotting.motion.noise", "NoiseFloor.push", "noise"),
    ("spotting.motion.history", "MotionHistory.push", "history, the rest"),
    ("spotting.motion.mesh_reading", "MeshReader.read", "mesh readings"),
    ("spotting.motion.mesh_limit", "MeshLimit.limited", "mesh limit"),
    ("spotting.micro.rule", "RuleDetector.detect", "rule"),
    ("spotting.macro", "MacroDetector.detect", "macro"),
    ("spotting.spotter", "Spotter.push", "spotter, the rest"),
    ("recognition.recognizer", "Recognizer.recognize", "recogniser"),
    ("streamer.run.pipeline", "Pipeline.advance", "buffer, records"),
)


class StopWatch:
    """Time spent in each stage, without that of the stages it calls."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._inner_s = [0.0]  # of the calls that are under way: time of the stages they called

    def wrap(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """The function, timed."""
        inner_s, now = self._inner_s, time.process_time

        @functools.wraps(function)
        def timed(*args: Any, **named: Any) -> Any:
            inner_s.append(0.0)
            begun = now()
            try:
                return function(*args, **named)
            finally:
                took = now() - begun
                self.spent_s[stage] += took - inner_s.pop()
                self.calls[stage] += 1
                inner_s[-1] += took

        return timed


def install(watch: StopWatch) -> None:
    """Put the stopwatch around every stage, for the rest of the process."""
    for module_name, path, stage in STAGES:
        place: Any = importlib.import_module(module_name)
        *owners, name = path.split(".")
        for owner in owners:
            place = getattr(place, owner)
        raw = vars(place)[name]
        if isinstance(raw, classmethod):
            setattr(place, name, classmethod(watch.wrap(raw.__func__, stage)))
        else:
            setattr(place, name, watch.wrap(raw, stage))


def profile(clip: str, seconds: float, spotter_model: str | None = None) -> dict[str, Any]:
    """Milliseconds a frame by stage, most first; and what no stage explains."""
    watch = StopWatch()
    install(watch)
    frames, spent_s = 0, 0.0
    overrides = [("spotter_model", spotter_model)] if spotter_model else []
    with closing(build_pipeline(load_config(None, overrides))) as pipeline, two_busy_threads():
        while spent_s < seconds:
            pipeline.reset()
            run = RecordingRun(pipeline)
            with open_source(clip, SourceConfig(decode_threads=1)) as source:
                begun = time.process_time()
                for frame in source:
                    run.push(frame)
                    frames += 1
                spent_s += time.process_time() - begun
    per_frame = {name: 1e3 * total / frames for name, total in watch.spent_s.items()}
    per_frame["loop, source, the rest"] = 1e3 * spent_s / frames - sum(per_frame.values())
    ordered = sorted(per_frame.items(), key=lambda item: -item[1])
    return {
        "clip": Path(clip).name,
        "frames": frames,
        "ms_per_frame": {name: round(value, 4) for name, value in ordered},
        "calls_per_frame": {name: round(n / frames, 3) for name, n in watch.calls.items()},
        "all_ms": round(1e3 * spent_s / frames, 4),
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--spotter-model", default=None, help='"bundled": the learned spotter')
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    result = profile(args.clip, args.seconds, args.spotter_model)
    for stage, value in result["ms_per_frame"].items():
        calls = result["calls_per_frame"].get(stage, 0.0)
        print(f"{stage:28s} {value:8.4f} ms  {calls:7.3f} calls a frame")
    print(f"{'all':28s} {result['all_ms']:8.4f} ms")
    if args.json is not None:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
