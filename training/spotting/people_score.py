"""Spotters scored on real recordings with injected micro-expressions.

One to one at IoU 0.5, as elsewhere, and:

- An injection that the person's own movement hid is scored apart: neither it nor a spot that
  matches it counts.
- F1 is over the injected recordings. False events a minute are over the untouched ones.
- A base that may hold an expression of its own has a twin without injections; a spot that matches
  one of the twin counts for nothing. Such bases are in no figure of false events a minute.
- False spots of the upper face are those whose strongest region is a brow or an eye.
- Intervals of confidence come from drawing persons, not events (percentile bootstrap).
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.people.events import is_upper
from training.spotting.matching import SpotScore, match_intervals
from training.spotting.observation import Found, Observation
from training.spotting.people_facts import PersonVideo
from training.spotting.sets import SpotSet
from training.spotting.tables import SpotRow

STRONG_IOD = 0.05
_UPPER_REGIONS = ("brow", "eye")
_DRAWS = 1000
_INCLUSIVE = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a spotter made of one recording."""

    video: PersonVideo
    seconds: float
    fps: float
    hits: tuple[tuple[SpotRow, Found], ...] = ()  # visible ones
    missed: tuple[SpotRow, ...] = ()  # visible ones
    false: tuple[Found, ...] = ()
    hidden: tuple[tuple[SpotRow, bool], ...] = ()  # with whether it was found all the same


Outcomes = Sequence[Outcome]


def outcomes_of(name: str, spot_set: SpotSet, observations: Sequence[Observation]) -> list[Outcome]:
    """Of every recording that was observed; twins are used up in it."""
    people = spot_set.people
    micro = {
        o.video: [found for found in o.runs[name].found if found.kind == "micro"]
        for o in observations
    }
    twins = {
        (people[video].base, people[video].variant): found
        for video, found in micro.items()
        if people[video].content == "own"
    }
    made = []
    for o in observations:
        video = people[o.video]
        if video.content == "own":
            continue
        truth = [row for row in spot_set.truth if row.video == o.video]
        known = twins.get((video.base, video.variant), [])
        made.append(_judge(video, o, truth, micro[o.video], known))
    return made


def _judge(
    video: PersonVideo,
    observation: Observation,
    truth: Sequence[SpotRow],
    found: Sequence[Found],
    twin: Sequence[Found],
) -> Outcome:
    pairs = match_intervals(_spans(truth), _spans(found), extra=_INCLUSIVE)
    hit = dict(pairs)
    left = [f for n, f in enumerate(found) if n not in hit.values()]
    own = {n for _, n in match_intervals(_spans(twin), _spans(left), extra=_INCLUSIVE)}
    seen = [n for n, row in enumerate(truth) if not row.hidden]
    return Outcome(
        video,
        observation.seconds,
        observation.fps,
        tuple((truth[n], found[hit[n]]) for n in seen if n in hit),
        tuple(truth[n] for n in seen if n not in hit),
        tuple(f for n, f in enumerate(left) if n not in own),
        tuple((row, n in hit) for n, row in enumerate(truth) if row.hidden),
    )


def _spans(rows: Iterable[SpotRow | Found]) -> list[tuple[float, float]]:
    return [(row.onset, row.offset) for row in rows]


def people_facts(name: str, spot_set: SpotSet, observations: Sequence[Observation]) -> Any:
    """All figures of one spotter, as plain data."""
    every = outcomes_of(name, spot_set, observations)
    main = [o for o in every if o.video.variant == "native" and not o.video.converted]
    groups = {"all": main}
    for motion in sorted({o.video.motion for o in main if o.video.motion}):
        groups[motion] = [o for o in main if o.video.motion == motion]
    groups["converted frame rate"] = [
        o for o in every if o.video.variant == "native" and o.video.converted
    ]
    for variant in sorted({o.video.variant for o in every} - {"native"}):
        groups[variant] = [o for o in every if o.video.variant == variant and not o.video.converted]
    return {
        "groups": {group: group_facts(some) for group, some in groups.items() if some},
        "recall": _recall(main),
        "hidden": _hidden(main),
        "persons": {
            person: group_facts([o for o in main if o.video.person == person], interval=False)
            for person in sorted({o.video.person for o in main})
        },
    }


def group_facts(outcomes: Outcomes, interval: bool = True) -> dict[str, Any]:
    """Visible events, those of the upper face at `STRONG_IOD`, apexes, false events a minute."""
    injected = [o for o in outcomes if o.video.content == "injected"]
    silent = [o for o in outcomes if o.video.content == "untouched"]
    apex = [_apex_frames(o, row, found) for o in injected for row, found in o.hits]
    facts: dict[str, Any] = {
        "persons": len({o.video.person for o in outcomes}),
        "visible": _score_facts(visible_score(injected)),
        "upper_strong": _score_facts(upper_score(injected)),
        "apex_median_frames": round(statistics.median(apex), 2) if apex else None,
        "apex_median_ms": _apex_ms(injected),
        "untouched_minutes": round(minutes(silent), 3),
        "false_untouched": sum(len(o.false) for o in silent),
        "false_per_minute": _rounded(false_per_minute(silent)),
    }
    if interval:
        facts["visible"]["f1_95"] = bootstrap(injected, lambda some: visible_score(some).f1)
        facts["upper_strong"]["f1_95"] = bootstrap(injected, lambda some: upper_score(some).f1)
        facts["false_per_minute_95"] = bootstrap(silent, false_per_minute)
    return facts


def visible_score(outcomes: Outcomes) -> SpotScore:
    """Counts of all visible events."""
    return SpotScore(
        sum(len(o.hits) for o in outcomes),
        sum(len(o.false) for o in outcomes),
        sum(len(o.missed) for o in outcomes),
    )


def upper_score(outcomes: Outcomes) -> SpotScore:
    """Counts of the visible strong events of the upper face, and of all false ones there."""
    return SpotScore(
        sum(_is_upper_strong(row) for o in outcomes for row, _ in o.hits),
        sum(_is_upper_spot(found) for o in outcomes for found in o.false),
        sum(_is_upper_strong(row) for o in outcomes for row in o.missed),
    )


def minutes(outcomes: Outcomes) -> float:
    """How long they are together."""
    return sum(o.seconds for o in outcomes) / 60


def false_per_minute(outcomes: Outcomes) -> float | None:
    """None where there is nothing to be false in."""
    length = minutes(outcomes)
    return sum(len(o.false) for o in outcomes) / length if length else None


def bootstrap(
    outcomes: Outcomes, figure: Callable[[Outcomes], float | None]
) -> tuple[float, float] | None:
    """95 % of the figure over draws of persons; None for fewer than three of them."""
    people = sorted({o.video.person for o in outcomes})
    if len(people) < 3:
        return None
    own = {person: [o for o in outcomes if o.video.person == person] for person in people}
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(_DRAWS):
        chosen = rng.integers(len(people), size=len(people))
        value = figure([o for n in chosen for o in own[people[n]]])
        if value is not None:
            drawn.append(value)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return round(float(low), 4), round(float(high), 4)


def _is_upper(row: SpotRow) -> bool:
    return is_upper(set(row.aus.split("+")))


def _is_upper_strong(row: SpotRow) -> bool:
    return _is_upper(row) and (row.strength_iod or 0.0) >= STRONG_IOD


def _is_upper_spot(found: Found) -> bool:
    """A spot without regions may be anywhere, so it counts."""
    return not found.regions or found.regions[0].startswith(_UPPER_REGIONS)


def _score_facts(score: SpotScore) -> dict[str, Any]:
    return {
        "n": score.tp + score.fn,
        "tp": score.tp,
        "fp": score.fp,
        "f1": round(score.f1, 4),
        "recall": round(score.recall, 4),
    }


def _recall(outcomes: Outcomes) -> dict[str, dict[str, float]]:
    """Of visible events, by half of the face and strength."""
    rows: dict[str, list[bool]] = {}
    for o in outcomes:
        for row, found in [*((r, True) for r, _ in o.hits), *((r, False) for r in o.missed)]:
            half = "upper" if _is_upper(row) else "lower"
            rows.setdefault(f"{half} {row.strength_iod:g}", []).append(found)
    return {
        key: {"n": len(found), "recall": round(sum(found) / len(found), 4)}
        for key, found in sorted(rows.items())
    }


def _hidden(outcomes: Outcomes) -> dict[str, dict[str, int]]:
    """How many were hidden, by what, and how many were found all the same."""
    counts: dict[str, dict[str, int]] = {}
    for row, found in [pair for o in outcomes for pair in o.hidden]:
        of = counts.setdefault(row.hidden, {"n": 0, "found": 0})
        of["n"], of["found"] = of["n"] + 1, of["found"] + found
    return dict(sorted(counts.items()))


def _apex_frames(outcome: Outcome, row: SpotRow, found: Found) -> float:
    return abs((row.apex_s or 0.0) - found.apex_s) * outcome.fps


def _apex_ms(outcomes: Outcomes) -> float | None:
    late = [
        1e3 * abs(row.apex_s - found.apex_s)
        for o in outcomes
        for row, found in o.hits
        if row.apex_s is not None
    ]
    return round(statistics.median(late), 1) if late else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
