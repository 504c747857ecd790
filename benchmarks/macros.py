"""Macro-expressions of known truth in recordings of real people: what is found, and when.

    python -m benchmarks.macros --bases DIR [--work DIR] [--train] [--write]

Smiles, frowns, raised brows and others of 0.6 to 3.5 s, which rise, are held and fall
(`training.people.events.MACRO`), are warped into the recordings of all test people of the folder's
index, or with `--train` of those whom settings were chosen on. Each recording is also played
without. People smile and raise their brows by themselves, so what is found there is counted, and
not called false. `--write`: into demo/figures/macros.json and the section "macros" of
docs/benchmarks.md. `--work` keeps the recordings.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gates import LEAST_IOU, watch
from benchmarks.page_section import BENCHMARKS_PAGE, ROOT, made_on, write_section
from streamer.core.records import Spot
from training.common.markdown import short, table
from training.people.bases import read_bases
from training.people.events import MACRO
from training.spotting.matching import match_intervals
from training.spotting.people_set import PeopleSetConfig, write_people_set

RESULTS = ROOT / "demo" / "figures" / "macros.json"
_GROUPS = {"smile": {"12"}, "raised brows": {"1", "2"}, "frown": {"4"}}  # by their first unit


@dataclass(frozen=True, slots=True)
class Truth:
    """One injected expression."""

    group: str
    strength_iod: float
    onset_s: float
    apex_s: float
    offset_s: float


def main() -> None:
    """Makes the recordings, runs, prints."""
    args = _options()
    with tempfile.TemporaryDirectory() as temporary:
        facts = measure(args.bases, args.work or Path(temporary), args.train)
    text = section(facts)
    print(text)
    if args.write:
        RESULTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        write_section(BENCHMARKS_PAGE, "macros", text)


def measure(bases: Path, work: Path, train: bool) -> dict[str, Any]:
    """All figures as plain data."""
    people, folder = read_bases(bases, "train" if train else "test"), work / "macros"
    write_people_set(people, PeopleSetConfig(MACRO, controls=1), folder, work / "meshes")
    truth = read_truth(folder / "truth.csv")
    found, own, minutes = [], 0, 0.0
    for path in sorted(folder.glob("*.mp4")):
        seen = watch(path)
        if path.stem.endswith("_injected"):
            found.append((truth.get(path.name, []), seen.macros))
        else:
            own += len(seen.macros)
            minutes += float(seen.time_s[-1]) / 60.0
    facts = {"people": len({base.person for base in people}), "train": train}
    return {**made_on(), **facts, "own": own, "minutes": round(minutes, 2), **scores(found)}


def read_truth(path: Path) -> dict[str, list[Truth]]:
    """By file name."""
    truth: dict[str, list[Truth]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            times = (float(row[f"{what}_s"]) for what in ("onset", "apex", "offset"))
            one = Truth(group_of(row["aus"]), float(row["strength_iod"]), *times)
            truth.setdefault(row["video"], []).append(one)
    return truth


def group_of(units: str) -> str:
    """Of units joined by plus signs."""
    own = set(units.split("+"))
    return next((name for name, some in _GROUPS.items() if own & some), "others")


def scores(found: Sequence[tuple[Sequence[Truth], Sequence[Spot]]]) -> dict[str, Any]:
    """Of recordings: counts by group and strength, events that are no injected one, apex errors."""
    counts: dict[str, dict[str, list[int]]] = {}
    other, away_s = 0, []
    for truth, spots in found:
        true_s = [(one.onset_s, one.offset_s) for one in truth]
        hit = dict(match_intervals(true_s, [(s.onset_s, s.offset_s) for s in spots], LEAST_IOU))
        other += len(spots) - len(hit)
        for k, one in enumerate(truth):
            by = counts.setdefault(one.group, {}).setdefault(f"{one.strength_iod:g}", [0, 0])
            by[0] += k in hit
            by[1] += 1
            if k in hit:
                away_s.append(abs(spots[hit[k]].apex_s - one.apex_s))
    apex_s = round(float(np.median(away_s)), 3) if away_s else None
    return {"counts": counts, "other": other, "apex_s": apex_s}


def section(facts: Mapping[str, Any]) -> str:
    """The Markdown between the markers."""
    strengths = sorted({s for by in facts["counts"].values() for s in by}, key=float)
    rows = [
        [group, *("{} of {}".format(*by[s]) if s in by else "-" for s in strengths)]
        for group, by in sorted(facts["counts"].items())
    ]
    whom = "whom settings were chosen on" if facts["train"] else "on whom nothing was chosen"
    return (
        f"Made by `python -m benchmarks.macros --bases DIR --write` on {facts['date']} "
        f"({facts['machine']}): expressions of 0.6 to 3.5 s in recordings of {facts['people']} "
        f"people {whom}, found at IoU {LEAST_IOU:g}, by their height where the face moves most.\n\n"
        f"{table(['', *(f'{s} IOD' for s in strengths)], rows)}\n\n"
        f"Apex, median error {short(facts['apex_s'], 2)} s. Other macro events in the same "
        f"recordings: {facts['other']}; in them without injections ({facts['minutes']:.1f} "
        f"minutes): {facts['own']}, people's own smiles and raised brows among them."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bases", type=Path, required=True, help="recordings with an index.csv")
    parser.add_argument("--work", type=Path, help="keep recordings and meshes here")
    parser.add_argument("--train", action="store_true", help="the people settings were chosen on")
    parser.add_argument("--write", action="store_true", help="into docs and demo/figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
