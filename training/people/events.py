"""Which expressions are put into a recording, and when: drawn from a seed and its name."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from streamer.core.ranges import Range, Seed, Share, check_ranges
from streamer.core.records import Kind
from training.people.head import Head
from training.synthetic.action_units import Activation
from training.synthetic.scene import EXPRESSIONS, Injection

Side = Literal["both", "left", "right"]
SIDES: tuple[Side, ...] = get_args(Side)
UPPER_AUS = frozenset(("1", "2", "4", "5", "6", "7"))  # brows, lids; 6 draws at the lids too
_MORE = {"surprise": (("2",), ("5",), ("1", "2"))}  # also alone: the hard ones of the upper face
_MIDLINE = frozenset(("17", "25", "26"))  # muscles that do not move on one side alone
_TWO_SIDED = 0.5  # share
MICRO_S = 0.5  # longest micro-expression
_LEAD_S, _TAIL_S = 0.8, 0.7  # nothing is injected at the ends
_SEEN_MARGIN_S = 0.1


@dataclass(frozen=True, slots=True)
class EventConfig:
    """How much is injected. Lengths are drawn evenly between the two."""

    strengths_iod: tuple[Annotated[float, Range(1e-4, 1.0)], ...] = (0.015, 0.03, 0.05)
    every_s: Annotated[float, Range(0.8, 3600.0)] = 2.0  # mean distance of onsets
    length_s: tuple[Annotated[float, Range(0.04, 10.0)], Annotated[float, Range(0.04, 10.0)]] = (
        0.16,
        0.5,
    )
    gap_s: Annotated[float, Range(0.1, 3600.0)] = 0.8  # least, from offset to onset
    hold: tuple[Share, Share] = (0.0, 0.0)  # share of the length at full height, drawn evenly
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_ranges(self)


# Smiles, frowns and raised brows as people show them: five to ten times a micro-expression, held.
MACRO = EventConfig((0.1, 0.15, 0.2), every_s=4.5, length_s=(0.6, 3.5), gap_s=1.5, hold=(0.1, 0.6))


def is_upper(aus: frozenset[str] | set[str]) -> bool:
    """Whether units move the upper face alone."""
    return bool(aus) and aus <= UPPER_AUS


def draw_events(name: str, head: Head, config: EventConfig) -> tuple[Injection, ...]:
    """The expressions of the recording called `name`, where its face is seen.

    Upper and lower face, and the strengths, take turns, so that short recordings are balanced too.
    """
    rng = np.random.default_rng([zlib.crc32(name.encode()), config.seed])
    upper = bool(rng.integers(2))
    strengths = rng.permutation(config.strengths_iod)
    events = []
    for number, (onset_s, length_s) in enumerate(_times(rng, head, config)):
        strength = float(strengths[number % len(strengths)])
        event = draw_event(rng, upper == (number % 2 == 0), strength, onset_s, length_s)
        events.append(_held(event, rng, config.hold))
    return tuple(events)


def side_of(event: Injection) -> Side:
    """The side of the image on which it moves."""
    left = any(unit.left > 0.0 for unit in event.activations)
    right = any(unit.right > 0.0 for unit in event.activations)
    return "both" if left and right else "left" if left else "right"


def _times(
    rng: np.random.Generator, head: Head, config: EventConfig
) -> Iterator[tuple[float, float]]:
    """Onset and length of events with a whole face under them."""
    start_s, end_s = float(head.time_s[0]) + _LEAD_S, float(head.time_s[-1]) - _TAIL_S
    mean_s = 0.5 * sum(config.length_s) + config.gap_s
    now_s = start_s + float(rng.exponential(0.3))
    while True:
        length_s = float(rng.uniform(*config.length_s))
        if now_s + length_s > end_s:
            return
        if _is_seen(head, now_s, now_s + length_s):
            yield now_s, length_s
            now_s += length_s + config.gap_s
            now_s += float(rng.exponential(max(config.every_s - mean_s, 0.01)))
        else:
            now_s += 0.1


def _is_seen(head: Head, start_s: float, end_s: float) -> bool:
    near = (head.time_s >= start_s - _SEEN_MARGIN_S) & (head.time_s <= end_s + _SEEN_MARGIN_S)
    seen: NDArray[np.bool_] = np.isfinite(head.scale_px[near])
    return bool(seen.all())


def draw_event(
    rng: np.random.Generator, upper: bool, strength: float, onset_s: float, length_s: float
) -> Injection:
    """One expression of the upper face or not, with units, sides and apex drawn."""
    choices = [choice for choice in _choices() if is_upper(set(choice[1])) == upper]
    emotion, aus = choices[rng.integers(len(choices))]
    share = rng.uniform(0.7, 1.0, len(aus))
    share[rng.integers(len(aus))] = 1.0
    left, right = _sides(rng, not _MIDLINE.isdisjoint(aus))
    units = tuple(
        Activation(au, strength * float(part) * left, strength * float(part) * right)
        for au, part in zip(aus, share, strict=True)
    )
    apex_s = onset_s + length_s * float(rng.uniform(0.35, 0.6))
    kind: Kind = "micro" if length_s <= MICRO_S else "macro"
    return Injection(kind, emotion, units, strength, onset_s, apex_s, onset_s + length_s)


def _held(event: Injection, rng: np.random.Generator, hold: tuple[float, float]) -> Injection:
    """The same event at full height for a share of its length; rise and fall keep their ratio."""
    if hold[1] <= 0.0:
        return event
    length_s = event.offset_s - event.onset_s
    hold_s = length_s * float(rng.uniform(*hold))
    rise_s = (event.apex_s - event.onset_s) * (length_s - hold_s) / length_s
    return replace(event, apex_s=event.onset_s + rise_s, hold_s=hold_s)


def _choices() -> list[tuple[str, tuple[str, ...]]]:
    return [
        (emotion, aus)
        for table in (EXPRESSIONS, _MORE)
        for emotion, every in table.items()
        for aus in every
    ]


def _sides(rng: np.random.Generator, midline: bool) -> tuple[float, float]:
    """How much moves left and right; one is 1."""
    weaker = float(rng.uniform(0.6, 1.0)) if midline or rng.random() < _TWO_SIDED else 0.0
    return (1.0, weaker) if rng.random() < 0.5 else (weaker, 1.0)
