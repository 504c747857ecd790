"""How well each gate speaks: precision and recall against labels made by hand.

    python -m benchmarks.gates --bases DIR [--write]

`gate_labels.csv` beside this script holds intervals of 18 recordings of real people (files by
their name in the collection, persons by number, no pictures): blinks, speech, head turns, covered
faces, and macro-expressions; in eight of them macro-expressions alone. How they were made: contact
sheets with time stamps (the face four or five times a second, the eyes 12 to 25 times a second)
were looked at by one annotator, who placed each border by the sheet, and the borders of head turns
and of speech also by the speed of the head and the opening of the mouth in the per-frame face mesh
(a turn: 20 degrees a second and more). What was doubtful is marked `sure = no` and counts neither
way; so do 0.1 s around every border. A label with no times says that there is none in that
recording; a kind that a recording does not list was not judged there. Limits: one annotator at a
time, no second opinion, four minutes, borders no finer than 0.04 to 0.25 s, speech judged without
sound. Who labelled the eight had seen the curves of some of them, and no detector's result.

The settings were chosen on the people of the index whose `train` is yes; the others are scored
apart.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.page_section import BENCHMARKS_PAGE, ROOT, made_on, write_section
from streamer.core.records import FrameResult, Gate, Spot
from streamer.run.build import build_pipeline
from streamer.run.config import StreamConfig
from streamer.run.recording import run_recording
from training.common.markdown import short, table
from training.spotting.matching import overlap

LABELS = Path(__file__).with_name("gate_labels.csv")
RESULTS = ROOT / "demo" / "figures" / "gates.json"
GATES = {
    Gate.BLINK: "blink", Gate.SPEECH: "speech", Gate.HEAD_TURN: "turn", Gate.COVERED: "covered",
}  # fmt: skip
MACROS = ("smile", "frown", "brow_raise", "grimace")
TOLERANCE_S = 0.1
LEAST_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """One labelled stretch of a recording."""

    start_s: float
    end_s: float
    sure: bool


Labels = Mapping[str, Mapping[str, Sequence[Interval]]]  # file -> kind -> intervals


def main() -> None:
    """Runs the recordings, prints the tables."""
    args = _options()
    labels = read_labels(LABELS)
    seen = {name: watch(args.bases / name) for name in labels}
    facts = {**made_on(), "minutes": round(sum(s.time_s[-1] for s in seen.values()) / 60, 2)}
    chosen = trained_on(args.bases)
    halves = {
        "chosen on": {name: kinds for name, kinds in labels.items() if name in chosen},
        "others": {name: kinds for name, kinds in labels.items() if name not in chosen},
    }
    facts["gates"] = {
        half: {gate.value: gate_facts(gate, kind, some, seen) for gate, kind in GATES.items()}
        for half, some in halves.items()
    }
    facts["macro"] = {half: macro_facts(some, seen) for half, some in halves.items()}
    text = section(facts)
    print(text)
    if args.write:
        RESULTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        write_section(BENCHMARKS_PAGE, "gates", text)


def read_labels(path: Path) -> Labels:
    """By file and kind; a kind without times in the table has no intervals."""
    labels: dict[str, dict[str, list[Interval]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            own = labels.setdefault(row["file"], {}).setdefault(row["label"], [])
            if row["start_s"]:
                sure = row["sure"] == "yes"
                own.append(Interval(float(row["start_s"]), float(row["end_s"]), sure))
    return labels


def trained_on(bases: Path) -> set[str]:
    """Files of the people whom settings were chosen on."""
    with (bases / "index.csv").open(newline="", encoding="utf-8") as file:
        return {row["file"] for row in csv.DictReader(file) if row["train"] == "yes"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the product said of one recording, of the largest face in each frame."""

    time_s: NDArray[np.float64]  # [T]
    gates: tuple[tuple[Gate, ...], ...]  # [T]
    macros: tuple[Spot, ...]


def watch(path: Path) -> Seen:
    """Runs the pipeline over a file."""
    from streamer.sources import open_source

    times, gates, macros = [], [], []
    with closing(build_pipeline(StreamConfig(recognise=False))) as pipeline:
        for result in run_recording(open_source(str(path)), pipeline, threads=1):
            macros += [event.spot for event in result.events if event.spot.kind == "macro"]
            if result.frame is not None:
                times.append(result.frame.time_s)
                gates.append(_gates_of_largest(result))
    return Seen(np.array(times), tuple(gates), tuple(macros))


def _gates_of_largest(result: FrameResult) -> tuple[Gate, ...]:
    if not result.motions:
        return ()
    boxes = [face.face.box_px for face in result.faces]
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes]
    return result.motions[int(np.argmax(areas))].gates


def judged(
    time_s: NDArray[np.float64], intervals: Sequence[Interval]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Frames that count, and those within a sure interval; borders and doubts do not count."""
    counts, inside = np.ones(len(time_s), dtype=bool), np.zeros(len(time_s), dtype=bool)
    for part in intervals:
        held = (time_s >= part.start_s) & (time_s <= part.end_s)
        if part.sure:
            inside |= held
            for border_s in (part.start_s, part.end_s):
                near = np.abs(time_s - border_s) < TOLERANCE_S
                # A blink is short: its inner half always counts.
                quarter_s = 0.25 * (part.end_s - part.start_s)
                core = (time_s >= part.start_s + quarter_s) & (time_s <= part.end_s - quarter_s)
                counts &= ~near | core
        else:
            counts &= ~held
    return counts, inside


def gate_facts(gate: Gate, kind: str, labels: Labels, seen: Mapping[str, Seen]) -> dict[str, Any]:
    """Counts over all recordings in which this kind was judged."""
    tp = fp = fn = frames = held = hit = sure = 0
    for name, kinds in labels.items():
        if kind not in kinds:
            continue
        one = seen[name]
        on = np.array([gate in gates for gates in one.gates])
        counts, inside = judged(one.time_s, kinds[kind])
        tp += int((on & inside & counts).sum())
        fp += int((on & ~inside & counts).sum())
        fn += int((~on & inside & counts).sum())
        frames, held = frames + int(counts.sum()), held + int((inside & counts).sum())
        for part in (part for part in kinds[kind] if part.sure):
            near = (one.time_s >= part.start_s - TOLERANCE_S) & (
                one.time_s <= part.end_s + TOLERANCE_S
            )
            sure, hit = sure + 1, hit + bool((on & near).any())
    return {
        "labelled": sure,
        "labelled_hit": hit,
        "frames": frames,
        "labelled_share": round(held / max(frames, 1), 4),
        "on_share": round((tp + fp) / max(frames, 1), 4),
        "precision": round(tp / (tp + fp), 4) if tp + fp else None,
        "recall": round(tp / (tp + fn), 4) if tp + fn else None,
    }


def macro_facts(labels: Labels, seen: Mapping[str, Seen]) -> dict[str, Any]:
    """Labelled macro-expressions and macro events; an event that only touches a doubt is left out.

    Recordings in which no macro-expression was judged are left out.
    """
    sure = found = touched = events = outside = 0
    for name, kinds in labels.items():
        parts = [part for kind in MACROS for part in kinds.get(kind, ())]
        if not any(kind in kinds for kind in MACROS):
            continue
        spots = [(spot.onset_s, spot.offset_s) for spot in seen[name].macros]
        own = [(part.start_s, part.end_s) for part in parts if part.sure]
        doubtful = [(part.start_s, part.end_s) for part in parts if not part.sure]
        meets, near = overlap(own, spots), overlap(doubtful, spots)
        sure, events = sure + len(own), events + len(spots)
        found += int((meets >= LEAST_IOU).any(axis=1).sum())
        touched += int((meets > 0).any(axis=1).sum())
        outside += int((~(meets > 0).any(axis=0) & ~(near > 0).any(axis=0)).sum())
    return {
        "labelled": sure, "found": found, "touched": touched, "events": events, "outside": outside,
    }  # fmt: skip


def section(facts: Mapping[str, Any]) -> str:
    """The Markdown between the markers."""
    head = ["gate", "people", "labelled", "of these hit", "labelled time"]
    head += ["gate on", "precision", "recall"]
    rows = [
        [
            gate,
            half,
            str(of["labelled"]),
            str(of["labelled_hit"]),
            f"{100 * of['labelled_share']:.0f} %",
            f"{100 * of['on_share']:.0f} %",
            short(of["precision"], 2),
            short(of["recall"], 2),
        ]
        for half, gates in facts["gates"].items()
        for gate, of in gates.items()
    ]
    rows.sort(key=lambda row: [gate.value for gate in GATES].index(row[0]))
    macros = "; ".join(
        f"{half}: of {macro['labelled']} labelled {macro['found']} found at IoU {LEAST_IOU:g} "
        f"({macro['touched']} touched by an event), {macro['outside']} of {macro['events']} events "
        "lie where none is labelled"
        for half, macro in facts["macro"].items()
    )
    return (
        f"Made by `python -m benchmarks.gates --bases DIR --write` on {facts['date']} "
        f"({facts['machine']}): {facts['minutes']:.1f} minutes of 18 recordings of 17 people, "
        "labelled by hand (how, and with what limits, is told in the script). Shares, precision "
        "and recall are of frames. Settings were chosen on some of the people, and not on the "
        "others.\n\n"
        f"{table(head, rows)}\n\n"
        f"Macro-expressions, {macros}. Some of those labelled last longer than four seconds: such "
        "are not found."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bases", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--write", action="store_true", help="into docs and demo/figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
