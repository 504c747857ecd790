"""What the motion, the gates and the detector each bring on real people, one by one.

    python -m benchmarks.people_ablation --bases DIR [--network FILE] [--work DIR] [--jobs 2]

Micro-expressions are injected into recordings of the test people of the folder's index, as for
`people_table`, and the spotter is run with one part as it was before or without it. Nothing is
chosen by this table. Writes `demo/figures/people_ablation.json` and the section "people-ablation"
of docs/benchmarks.md. `--work` keeps the recordings and their meshes; `--network`:
weights of `mer-train spotter` in a row of their own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.motion_parts import MOTION_PARTS, Replacement
from benchmarks.page_section import BENCHMARKS_PAGE, ROOT, made_on, write_section
from benchmarks.people_table import native_set
from spotting.motion import history
from spotting.motion.gates import VOIDED, GateLog
from spotting.motion.rows import FACE_ROWS
from streamer.core.records import Gate
from streamer.run.config import StreamConfig
from training.common.markdown import grid, short
from training.spotting.people_score import people_facts
from training.spotting.run import observe_all

RESULTS = ROOT / "demo" / "figures" / "people_ablation.json"
GROUPS = ("all", "calm", "talking")  # of recordings
_ALL_GATES = (*VOIDED, Gate.BLINK, Gate.SPEECH, Gate.HEAD_TURN)
_SWITCHING_OFF = partial(GateLog, voiding=_ALL_GATES)
_HELD_BY_NOTHING = replace(FACE_ROWS, blinked=np.zeros_like(FACE_ROWS.blinked))
# row of the rule -> what of the code is replaced, or what of the spotter's settings
CHANGES: Mapping[str, Replacement | Mapping[str, Any]] = {
    "rule, as it is": {},
    "motion: references of a second": MOTION_PARTS["long steps"],
    "motion: lids and brows may leave the mesh": MOTION_PARTS["flow free"],
    "motion: repeated pictures are samples": MOTION_PARTS["repeats measured"],
    "gates: blink, speech, head turn void events": Replacement(history, "GateLog", _SWITCHING_OFF),
    "gates: blinks hold nothing": Replacement(history, "FACE_ROWS", _HELD_BY_NOTHING),
    "gates: speech asks no more of brows and lids": {"speech_factor": 1.0},
    "gates: a turning head asks no more": {"head_noise_iod_per_rad": 0.0},
}
LEARNED = "detector: learned, as it is"
GONE_ON = "detector: gone on with filmed people (not shipped)"


def main() -> None:
    """Makes the set, runs every row, writes."""
    args = _options()
    with tempfile.TemporaryDirectory() as temporary:
        work = args.work or Path(temporary)
        native_set(args.bases, work, args.jobs)  # made here; the rows' processes load it
        facts = {**made_on(), "rows": measure(args.bases, work, args.jobs, args.network)}
    RESULTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    text = section(facts)
    print(text)
    write_section(BENCHMARKS_PAGE, "people-ablation", text)


def measure(bases: Path, work: Path, jobs: int, network: Path | None) -> dict[str, Any]:
    """Figures of all people by row; each row in a process, whose code it may change."""
    weights = {LEARNED: "bundled"} | ({} if network is None else {GONE_ON: str(network)})
    rows = dict.fromkeys(CHANGES, "") | weights
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as workers:
        facts = workers.map(partial(_row, bases, work), rows, rows.values())
        return dict(zip(rows, facts, strict=True))


def _row(bases: Path, work: Path, row: str, weights: str) -> dict[str, Any]:
    config = StreamConfig(recognise=False)
    if weights:
        return _figures(bases, work, "learned", replace(config, spotter_model=weights))
    change = CHANGES[row]
    if isinstance(change, Replacement):
        with change.made():
            return _figures(bases, work, "rule", config)
    return _figures(bases, work, "rule", replace(config, spotter=replace(config.spotter, **change)))


def _figures(bases: Path, work: Path, spotter: str, config: StreamConfig) -> dict[str, Any]:
    spot_set = native_set(bases, work, 1)
    with tempfile.TemporaryDirectory() as seen:
        done, _ = observe_all(spot_set.recordings, (spotter,), config, Path(seen))
    groups = people_facts(spotter, spot_set, done)["groups"]
    return {name: groups[name] for name in GROUPS}


def section(facts: Mapping[str, Any]) -> str:
    """The Markdown between the markers."""
    head = ["", "F1", "calm", "talking", "found", "false in them", "false / min, untouched"]
    rows = []
    for name, groups in facts["rows"].items():
        every = groups["all"]
        f1 = [short(groups[one]["visible"]["f1"], 2) for one in GROUPS]
        visible, rate = every["visible"], short(every["false_per_minute"], 1)
        rows.append([name, *f1, str(visible["tp"]), str(visible["fp"]), rate])
    every = facts["rows"]["rule, as it is"]["all"]
    intro = (
        f"Made by `python -m benchmarks.people_ablation --bases DIR` on {facts['date']} "
        f"({facts['machine']}): {every['visible']['n']} visible movements of "
        f"{every['persons']} people on whom nothing was trained, one part at a time as it was "
        "before or without it."
    )
    return "\n".join([intro, "", *grid(head, rows)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bases", type=Path, required=True, help="recordings with an index.csv")
    parser.add_argument("--network", type=Path, help="weights of another learned spotter")
    parser.add_argument("--work", type=Path, help="keep recordings and meshes here")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
