"""Spotting and recognition on synthetic recordings of known truth, through the whole pipeline.

    python benchmarks/spot_synthetic.py PORTRAIT [PORTRAIT ...] [--fps 30 200] [--seconds 60 20]

For every portrait and frame rate a recording with injected micro-expressions (blinks, head motion,
flicker, sensor noise, H.264) is written and read back by the pipeline, and another one without
injections, on which every micro event is false. Scored at IoU 0.5, one to one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from streamer.build import load_config, stream
from streamer.records import EmotionEvent
from training.spotting.matching import SpotScore, match_intervals, score_intervals
from training.synthetic.scene import Scene, SceneConfig
from training.synthetic.video import read_portrait, write_recording


@dataclass
class Tally:
    """Counts at one frame rate."""

    score: SpotScore = field(default_factory=lambda: SpotScore(0, 0, 0))
    injected: dict[float, int] = field(default_factory=dict)
    found: dict[float, int] = field(default_factory=dict)
    apex_ms: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    right_emotion: int = 0
    quiet_false: int = 0
    quiet_s: float = 0.0

    def add(self, scene: Scene, events: list[EmotionEvent]) -> None:
        micros = [event for event in events if event.spot.kind == "micro"]
        truth = [(item.onset_s, item.offset_s) for item in scene.injections]
        spotted = [(event.spot.onset_s, event.spot.offset_s) for event in micros]
        self.score += score_intervals(truth, spotted)
        for item in scene.injections:
            self.injected[item.strength_iod] = self.injected.get(item.strength_iod, 0) + 1
        for true, found in match_intervals(truth, spotted):
            item, event = scene.injections[true], micros[found]
            self.found[item.strength_iod] = self.found.get(item.strength_iod, 0) + 1
            self.apex_ms.append(1e3 * abs(event.spot.apex_s - item.apex_s))
            self.late_s.append(event.emitted_s - item.offset_s)
            recognition = event.recognition
            self.right_emotion += recognition is not None and recognition.emotion == item.emotion

    def add_quiet(self, seconds: float, events: list[EmotionEvent]) -> None:
        self.quiet_false += sum(event.spot.kind == "micro" for event in events)
        self.quiet_s += seconds

    def summary(self) -> dict[str, object]:
        hits = max(self.score.tp, 1)
        return {
            "injected": sum(self.injected.values()),
            "precision": round(self.score.precision, 3),
            "recall": round(self.score.recall, 3),
            "f1": round(self.score.f1, 3),
            "recall_by_strength_iod": {
                str(s): round(self.found.get(s, 0) / n, 3) for s, n in sorted(self.injected.items())
            },
            "apex_median_ms": round(statistics.median(self.apex_ms), 1) if self.apex_ms else None,
            "known_after_offset_max_s": round(max(self.late_s), 2) if self.late_s else None,
            "emotion_right_of_found": round(self.right_emotion / hits, 3),
            "false_per_minute_without_injections": round(60 * self.quiet_false / self.quiet_s, 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("portraits", nargs="+", type=Path)
    parser.add_argument("--fps", nargs="+", type=float, default=[30.0, 200.0])
    parser.add_argument("--seconds", nargs="+", type=float, default=[60.0, 20.0])
    parser.add_argument("--strengths", nargs="+", type=float, default=[0.03, 0.05])
    parser.add_argument("--size", type=int, default=400)
    args = parser.parse_args()
    if len(args.fps) != len(args.seconds):
        parser.error("--fps and --seconds need the same number of values")
    tallies = {fps: Tally() for fps in args.fps}
    with tempfile.TemporaryDirectory() as folder:
        for path in args.portraits:
            portrait = read_portrait(path, args.size)
            for fps, seconds in zip(args.fps, args.seconds, strict=True):
                config = SceneConfig(
                    fps=fps,
                    duration_s=seconds,
                    strengths_iod=tuple(args.strengths),
                    size_px=args.size,
                    seed=zlib.crc32(f"{path.stem} {fps:g}".encode()) % 100_000,
                )
                video = Path(folder) / "recording.mp4"
                scene = write_recording(portrait, config, video)
                tallies[fps].add(scene, list(stream(video, load_config())))
                quiet = replace(config, event_every_s=0.0, seed=config.seed + 1)
                write_recording(portrait, quiet, video)
                tallies[fps].add_quiet(seconds, list(stream(video, load_config())))
    result = {f"{fps:g} fps": tally.summary() for fps, tally in tallies.items()}
    print(json.dumps({"portraits": len(args.portraits), **result}, indent=2))


if __name__ == "__main__":
    main()
