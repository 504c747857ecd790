"""How the time of a run grows: with length, resolution, frame rate, faces, streams in one process.

    python -m benchmarks.growth CLIP --work DIR [--only length ...] [--runs 3] [--write]

Everything is made of the clip and of the bundled sample (faces): repeated, scaled, blended to
other rates, tiled. `DIR` keeps what was made for the next time; `--prepare` only makes it.
The exponent is the slope of a straight line through all the runs on log-log axes, with its 95 %
interval. Time is a fixed part and a growing one, so exponents below 1 are means over the range.
With --only, the other figures stay those of the result file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.fits import fit_power
from benchmarks.growth_points import DIMENSIONS, Dimension, Point
from benchmarks.performance_page import heading, made_by, picture_path, publish, result_path
from benchmarks.speed_plots import plot_growth
from benchmarks.timing import time_decoding
from training.common.markdown import table


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip")
    parser.add_argument("--work", type=Path, required=True, help="folder for the recordings made")
    parser.add_argument("--only", nargs="+", choices=DIMENSIONS, default=list(DIMENSIONS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--prepare", action="store_true", help="make the recordings, then end")
    parser.add_argument("--write", action="store_true", help="into demo/figures and the docs")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    points = {name: DIMENSIONS[name].make(args.clip, args.work) for name in args.only}
    if args.prepare:
        return
    facts: dict[str, Any] = {
        **heading("python -m benchmarks.growth CLIP --work DIR --write"),
        "clip": Path(args.clip).name,
        "runs": args.runs,
        "growth": {name: measure(DIMENSIONS[name], points[name], args.runs) for name in args.only},
    }
    print(json.dumps(facts, indent=2))
    if args.write:
        facts = with_earlier(facts)
        plot_growth(facts, picture_path("growth"))
        publish("growth", facts, section(facts))


def with_earlier(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts, with what was not measured this time from the result file."""
    path = result_path("growth")
    earlier = json.loads(path.read_text(encoding="utf-8"))["growth"] if path.is_file() else {}
    both = {**earlier, **facts["growth"]}
    return {**facts, "growth": {name: both[name] for name in DIMENSIONS if name in both}}


def measure(dimension: Dimension, points: Sequence[Point], runs: int) -> dict[str, Any]:
    """Every point `runs` times, all points in turn; the fits go through every single run."""
    found: list[dict[str, Any]] = [
        {"x": p.x, "label": p.label or f"{p.x:g}", "seconds": [], "decode_s": []} for p in points
    ]
    for _ in range(runs):
        for point, one in zip(points, found, strict=True):
            if point.decode:
                one["decode_s"].append(round(time_decoding(str(point.clip)).wall_s, 4))
            run = point.run()
            one["seconds"].append(round(run.wall_s, 4))
            one["frames"] = run.frames
    growth = {"unit": dimension.unit, "of": dimension.of, "note": dimension.note, "points": found}
    for key, name in (("seconds", "fit"), ("decode_s", "decode_fit")):
        pairs = [(one["x"], value) for one in found for value in one[key]]
        if pairs:
            x, y = zip(*pairs, strict=True)
            growth[name] = {k: round(v, 4) for k, v in asdict(fit_power(x, y)).items()}
    return growth


def section(facts: dict[str, Any]) -> str:
    """A table and the picture."""
    rows = []
    for name, growth in facts["growth"].items():
        first, last = growth["points"][0], growth["points"][-1]
        rows.append(
            [
                name,
                f"{first['label']} to {last['label']} ({growth['unit']})",
                growth["note"],
                " / ".join(f"{_median(p['seconds']):.2f}" for p in growth["points"]),
                *(_exponent(growth.get(key)) for key in ("fit", "decode_fit")),
            ]
        )
    head = ["what grows", "range", "how", "seconds, median", "exponent", "of decoding alone"]
    return (
        f"{made_by(facts)}\n\n{table(head, rows)}\n\n"
        "The exponent is the slope on log-log axes through every run (± half of its 95 % "
        "interval, misfit of the straight line included): 1 means that twice as much takes twice "
        "as long.\n\n"
        "![Log-log: time against length, resolution, frame rate, faces and streams]"
        "(performance-growth.png)"
    )


def _exponent(fit: Mapping[str, float] | None) -> str:
    return "-" if fit is None else f"{fit['slope']:.2f} ± {fit['error']:.2f}"


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
