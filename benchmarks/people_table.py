"""The table of spotters on real people in docs/benchmarks.md, made by one command.

    python -m benchmarks.people_table --bases DIR [--work DIR] [--jobs 2]

or, beside the portraits' table, by `python -m benchmarks.spot_table --portraits DIR --bases DIR`.
The recordings of all test people of the folder's index (nobody trains on them) get injected
micro-expressions and are played without as well; `FEW` of them are also shown as a webcam would:
with dropped and jittered frames, at 15 frames a second, at a low bit rate, as motion JPEG. Writes
`demo/figures/people.json` and the section "people" of docs/benchmarks.md. `--work` keeps sets,
meshes and what was seen in them by this very code.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.page_section import BENCHMARKS_PAGE, ROOT, made_on, write_section
from benchmarks.seen import seen_folder
from streamer.run.config import StreamConfig
from training.people.bases import read_bases
from training.people.events import EventConfig
from training.people.variants import Variant
from training.spotting.people_score import people_facts
from training.spotting.people_set import PeopleSetConfig, write_people_set
from training.spotting.people_table import NOTES, people_tables
from training.spotting.results import set_size
from training.spotting.run import observe_all
from training.spotting.sets import SpotSet, load_set

RESULTS = ROOT / "demo" / "figures" / "people.json"
OURS = ("rule", "learned")
FEW = ("P03", "P04", "P28")  # two calm ones, and one who turns the head
WEBCAM: tuple[Variant, ...] = ("dropped", "15fps", "low-bitrate", "mjpeg")


def main() -> None:
    """Makes the sets, runs, writes."""
    args = _options()
    with tempfile.TemporaryDirectory() as temporary:
        make(args.bases, args.work or Path(temporary), args.jobs)


def make(bases: Path, work: Path, jobs: int) -> None:
    """Measures, prints and writes the table."""
    facts = measure(bases, work, jobs)
    RESULTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    text = section(facts)
    print(text)
    write_section(BENCHMARKS_PAGE, "people", text)


def measure(bases: Path, work: Path, jobs: int) -> dict[str, Any]:
    """All figures as plain data."""
    spot_set = _joined(
        [
            native_set(bases, work, jobs),
            _made(bases, work, "webcam", FEW, PeopleSetConfig(EventConfig(), WEBCAM, 1), jobs),
        ]
    )
    config = StreamConfig(recognise=False)
    done, failed = observe_all(spot_set.recordings, OURS, config, seen_folder(work), jobs)
    return {
        **made_on(),
        **set_size(spot_set, done),
        "failed": failed,
        "spotters": {name: {"people": people_facts(name, spot_set, done)} for name in OURS},
    }


def native_set(bases: Path, work: Path, jobs: int) -> SpotSet:
    """All test people as they were filmed, with micro-expressions and without."""
    return _made(bases, work, "people", (), PeopleSetConfig(EventConfig(), controls=1), jobs)


def _made(
    bases: Path, work: Path, name: str, people: Sequence[str], config: PeopleSetConfig, jobs: int
) -> SpotSet:
    write_people_set(read_bases(bases, "test", people), config, work / name, work / "meshes", jobs)
    return load_set("people", work / name)


def _joined(sets: Sequence[SpotSet]) -> SpotSet:
    """The webcam's recordings lie in another folder, and have other names."""
    return SpotSet(
        "people",
        tuple(recording for one in sets for recording in one.recordings),
        tuple(row for one in sets for row in one.truth),
        people={video: facts for one in sets for video, facts in one.people.items()},
    )


def section(facts: dict[str, Any]) -> str:
    """The Markdown between the markers."""
    intro = (
        f"Made by `python -m benchmarks.people_table --bases DIR` on {facts['date']} "
        f"({facts['machine']}): {facts['recordings']} recordings of people that nothing is trained "
        f"on, {facts['minutes']:.1f} minutes, {facts['true_micro']} injected micro-expressions of "
        "0.16 to 0.5 s (0.015, 0.03 and 0.05 IOD; one- and two-sided)."
    )
    return "\n".join([intro, "", *people_tables(facts["spotters"]), *NOTES])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bases", type=Path, required=True, help="recordings with an index.csv")
    parser.add_argument("--work", type=Path, help="keep sets, meshes and observations here")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
