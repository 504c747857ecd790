"""The fault matrix: all rows, several live ones at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.reliability.batch_faults import batch_faults
from benchmarks.reliability.fault import Fault, check_fault
from benchmarks.reliability.file_faults import file_faults
from benchmarks.reliability.film import film
from benchmarks.reliability.live_faults import live_faults
from benchmarks.reliability.outcome import Outcome, PartResult
from benchmarks.reliability.start_faults import start_faults

LIVE_AT_ONCE = 4  # each takes a fifth of a core


def all_faults() -> list[Fault]:
    """Every row, in the order of the table."""
    return [*live_faults(), *start_faults(), *file_faults(), *batch_faults()]


def check_faults(folder: Path, seed: int, wanted: Sequence[str] = ()) -> PartResult:
    """All rows, or those whose names hold one of `wanted`; live ones beside the others."""
    rows = [fault for fault in all_faults() if not wanted or any(w in fault.name for w in wanted)]
    for form in ("mpegts", "flv", "mpjpeg") if any(row.live for row in rows) else ():
        film(form)
    with ThreadPoolExecutor(LIVE_AT_ONCE) as live, ThreadPoolExecutor(1) as working:
        started = [
            (live if row.live else working).submit(_safely, row, folder / f"{place}", seed)
            for place, row in enumerate(rows)
        ]
        outcomes = tuple(each.result() for each in started)
    return PartResult("faults", outcomes, {"rows": [row_of(outcome) for outcome in outcomes]})


def row_of(outcome: Outcome) -> dict[str, object]:
    """One row of the matrix as plain data."""
    kept = ("promise", "measured", "events_lost", "events_expected", "tests")
    return {
        "fault": outcome.case,
        "held": not outcome.broken,
        **{key: outcome.facts.get(key) for key in kept},
    }


def _safely(fault: Fault, folder: Path, seed: int) -> Outcome:
    """A row that cannot be tried is a broken promise of its own, and stops no other."""
    try:
        return check_fault(fault, folder, seed)
    except Exception as error:  # noqa: BLE001  whatever it is, the other rows go on
        facts = {"promise": fault.promise, "measured": "could not be tried"}
        return Outcome(fault.name, (f"{type(error).__name__}: {error}",), "", facts)
