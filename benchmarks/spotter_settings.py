"""What sensitivity and low latency mean, in found and false events, and what a frame costs.

    python -m benchmarks.spotter_settings --portraits DIR --names A B C [--fps 30] [--seconds 45]

Renders recordings with micro-expressions and others of the same people talking half of the time
without any, aligns their faces once, and lets a spotter of each setting watch them. Prints JSON,
writes `demo/figures/spotter_settings.json` and the section "sensitivity" of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from training.synthetic.video import find_portraits

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core, as the cost is stated
from benchmarks.page_section import BENCHMARKS_PAGE, ROOT, write_section
from spotting.config import SpotterConfig
from spotting.micro.rule import latency_s
from spotting.spotter import Spotter
from streamer.core.process.libraries import import_cv2
from streamer.core.records import AlignedFace, Spot
from streamer.faces.alignment import Aligner
from streamer.faces.backends import open_finder
from streamer.faces.config import FaceConfig
from streamer.faces.tracker import FaceTracker
from training.spotting.megc import score_set
from training.spotting.sets import Recording, load_set
from training.spotting.synthetic_set import SpotSetConfig, write_set
from training.spotting.tables import SpotRow

SETTINGS = {
    "sensitivity 0.5": SpotterConfig(sensitivity=0.5),
    "sensitivity 1": SpotterConfig(),
    "sensitivity 2": SpotterConfig(sensitivity=2.0),
    "sensitivity 4": SpotterConfig(sensitivity=4.0),
    "sensitivity 1, low latency": SpotterConfig(low_latency=True),
}
PLAIN = "sensitivity 1"
RESULTS = ROOT / "demo" / "figures" / "spotter_settings.json"


@dataclass
class Tally:
    """What one setting said of all recordings."""

    spots: list[SpotRow] = field(default_factory=list)
    quiet_false: int = 0
    cpu_ms: list[float] = field(default_factory=list)  # per frame, one value a recording


def main() -> None:
    """Renders, aligns, watches, writes."""
    args = _options()
    import_cv2().setNumThreads(1)  # as in a stream
    with tempfile.TemporaryDirectory() as folder:
        facts = measure(args, Path(folder))
    print(json.dumps(facts, indent=1))
    if args.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        write_section(BENCHMARKS_PAGE, "sensitivity", section(facts))


def measure(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """All figures, by setting."""
    config = SpotSetConfig((args.fps,), (args.seconds,), size_px=args.size)
    write_set(find_portraits(args.portraits, args.names), config, folder, 1)
    spot_set = load_set("synthetic", folder)
    with_truth = {row.video for row in spot_set.truth}
    tallies: dict[str, Tally] = defaultdict(Tally)
    for recording in spot_set.recordings:
        faces = align(recording)
        for name, settings in SETTINGS.items():
            spots, cpu_s = watch(faces, settings)
            micros = [spot for spot in spots if spot.kind == "micro"]
            tally = tallies[name]
            tally.cpu_ms.append(1e3 * cpu_s / len(faces))
            if recording.name in with_truth:
                tally.spots += [_row(recording.name, spot) for spot in micros]
            else:
                tally.quiet_false += len(micros)
    quiet = [r for r in spot_set.recordings if r.name not in with_truth]
    minutes = len(quiet) * args.seconds / 60
    rows = {name: summary(tally, spot_set.truth, minutes) for name, tally in tallies.items()}
    facts: dict[str, object] = {"date": datetime.date.today().isoformat(), "fps": args.fps}
    facts |= {"portraits": args.names, "seconds": args.seconds, "settings": rows}
    return facts | {"latency_s": {n: round(latency_s(s), 2) for n, s in SETTINGS.items()}}


def align(recording: Recording) -> list[list[AlignedFace]]:
    """Aligned faces of every frame, as in a stream."""
    config = FaceConfig()
    tracker, aligner = FaceTracker(open_finder(config), config), Aligner(config)
    faces = [aligner.push(frame, tracker.push(frame)) for frame in recording.frames()]
    tracker.close()
    return faces


def watch(faces: list[list[AlignedFace]], settings: SpotterConfig) -> tuple[list[Spot], float]:
    """Spots, and the processor seconds that they took."""
    spotter = Spotter(settings)
    started = time.process_time()
    spots = [spot for frame in faces for spot in spotter.push(frame)[1]]
    return spots + spotter.flush(), time.process_time() - started


def summary(tally: Tally, truth: tuple[SpotRow, ...], minutes: float) -> dict[str, object]:
    """One row: recall by strength, false events, cost of a frame."""
    found = score_set(truth, tally.spots).micro
    assert found is not None  # synthetic truth has kinds
    hit = [pair.truth.strength_iod for pair in found.pairs]
    every = [row.strength_iod for row in truth if row.kind == "micro"]
    strengths = sorted({strength for strength in every if strength is not None})
    return {
        "recall_by_strength_iod": {
            f"{s:g}": round(hit.count(s) / every.count(s), 3) for s in strengths
        },
        "precision": round(found.score.precision, 3),
        "false_per_minute_talking": round(tally.quiet_false / minutes, 2),
        "cpu_ms_per_frame": round(min(tally.cpu_ms), 2),
    }


def section(facts: dict) -> str:
    """The table of docs/benchmarks.md."""
    rows = facts["settings"]
    strengths = list(rows[PLAIN]["recall_by_strength_iod"])
    head = " / ".join(strengths)
    lines = [
        f"| | recall at {head} IOD | false micro events a minute, talking | known after the apex |",
        "|---|---|---|---|",
    ]
    for name, row in rows.items():
        recall = " / ".join(f"{row['recall_by_strength_iod'][s]:.2f}" for s in strengths)
        false, late = row["false_per_minute_talking"], facts["latency_s"][name]
        lines.append(f"| {name} | {recall} | {false:.1f} | {late:.2f} s |")
    cost = rows[PLAIN]["cpu_ms_per_frame"]
    tail = (
        f"\n{facts['date']}, {facts['fps']:g} fps, {len(facts['portraits'])} portraits of those "
        "that the spotter was tuned on. "
        f"One face costs the spotter {cost:.2f} ms of one core a frame."
    )
    return "\n".join([*lines, tail])


def _row(video: str, spot: Spot) -> SpotRow:
    return SpotRow(video, spot.onset_frame, spot.offset_frame, spot.apex_frame, spot.kind)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--portraits", type=Path, required=True, help="folder of portraits")
    parser.add_argument("--names", nargs="+", help="which of them; default: all")
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=45.0, help="of each recording")
    parser.add_argument("--size", type=int, default=400, help="of the picture, pixels")
    parser.add_argument("--write", action="store_true", help="write results file and docs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
