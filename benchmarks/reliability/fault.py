"""One row of the fault matrix: what fails, what is promised, how it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.reliability.outcome import Outcome
from benchmarks.reliability.proofs import PROOFS


@dataclass(frozen=True, slots=True)
class Measured:
    """What one try showed. `events_lost` None: no event was at stake."""

    broken: tuple[str, ...]
    measured: str
    events_lost: int | None = None
    events_expected: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row. live: it mostly waits."""

    name: str
    promise: str
    measure: Callable[[Path, int], Measured]
    live: bool = True


def check_fault(fault: Fault, folder: Path, seed: int) -> Outcome:
    """Try it in a folder of its own."""
    folder.mkdir(parents=True)
    found = fault.measure(folder, seed)
    facts = {
        "promise": fault.promise,
        "measured": found.measured.replace(f"{folder}/", ""),
        "events_lost": found.events_lost,
        "events_expected": found.events_expected,
        "tests": list(PROOFS.get(fault.name, ())),
        **found.facts,
    }
    again = f"python -m benchmarks.reliability --short --only faults --fault {fault.name!r}"
    return Outcome(fault.name, found.broken, again, facts)
