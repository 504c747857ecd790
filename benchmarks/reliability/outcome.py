"""What one case showed, and the sum of a part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MAX_LISTED = 40  # broken cases kept in the result, so that it stays readable


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: which promises it broke (none: all held) and what was measured."""

    case: str
    broken: tuple[str, ...] = ()
    reproduce: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartResult:
    """All cases of one part."""

    name: str
    outcomes: tuple[Outcome, ...]
    facts: dict[str, Any] = field(default_factory=dict)  # figures of the part as a whole
    wall_s: float = 0.0

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """The cases in which a promise was broken."""
        return tuple(outcome for outcome in self.outcomes if outcome.broken)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the result file."""
        return {
            "cases": len(self.outcomes),
            "broken": len(self.broken),
            "wall_s": round(self.wall_s, 1),
            "facts": self.facts,
            "failures": [
                {"case": o.case, "broken": list(o.broken), "reproduce": o.reproduce}
                for o in self.broken[:MAX_LISTED]
            ],
        }


def count_by(outcomes: Iterable[Outcome], fact: str) -> dict[str, int]:
    """How often each value of `fact` occurred, sorted by value."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        value = str(outcome.facts.get(fact, "none"))
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))
