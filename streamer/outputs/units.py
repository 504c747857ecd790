"""The action units of an event as they are written: as JSON, as a cell of a table, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from streamer.core.records import UNITS, ActionUnit, EmotionEvent, JsonObject, Side, facs_text

_DIGITS = 3  # of probability and intensity: the network knows no more
_NONE_MOVED = "none"  # an empty cell is that of a model that tells no units
_SIDES = get_args(Side)


def units_to_json(units: Iterable[ActionUnit]) -> list[JsonObject]:
    """The list that the field `units` of a record holds."""
    return [
        {
            "unit": one.unit,
            "side": one.side,
            "probability": round(float(one.probability), _DIGITS),
            "intensity": round(float(one.intensity), _DIGITS),
        }
        for one in units
    ]


def units_from_json(rows: Sequence[Any]) -> tuple[ActionUnit, ...]:
    """The units of such a list. Raises ValueError or TypeError for what is no unit."""
    return tuple(_unit(row) for row in rows)


def units_to_cell(rows: Sequence[Mapping[str, Any]] | None) -> str:
    """The list in one cell: unit, side, probability, intensity; empty where none are told.

    >>> units_to_cell([{"unit": "12", "side": "L", "probability": 0.72, "intensity": 1.0}])
    '12:L:0.72:1'
    >>> units_to_cell([]), units_to_cell(None)
    ('none', '')
    """
    if rows is None:
        return ""
    cells = (f"{r['unit']}:{r['side']}:{r['probability']:g}:{r['intensity']:g}" for r in rows)
    return " ".join(cells) or _NONE_MOVED


def units_from_cell(cell: str) -> list[JsonObject] | None:
    """The list that such a cell was made of. Raises ValueError.

    >>> units_from_cell("12:L:0.72:1")
    [{'unit': '12', 'side': 'L', 'probability': 0.72, 'intensity': 1.0}]
    """
    if not cell:
        return None
    return [] if cell == _NONE_MOVED else [_row(one) for one in cell.split()]


def facs_of(event: EmotionEvent) -> str:
    """The units in FACS notation; "" where none moved, or none are told."""
    recognition = event.recognition
    return "" if recognition is None or recognition.units is None else facs_text(recognition.units)


def reading(event: EmotionEvent) -> str:
    """What speaks for the emotion, and what the units are read as; "" where nothing is told.

    Units that moved without speaking for it are told too: `AU 1+2+7, because 1+2`.
    """
    facs, recognition = facs_of(event), event.recognition
    if recognition is None:
        return ""
    because = f"because {recognition.because}" if recognition.because else ""
    units = f"AU {facs}" if facs and facs != recognition.because else ""
    read_as = "" if recognition.prototype is None else f"[reads as {recognition.prototype}]"
    return " ".join(part for part in (", ".join(filter(None, (units, because))), read_as) if part)


def tells_units(events: Iterable[EmotionEvent]) -> bool:
    """Whether the model of any of them tells units."""
    return any(e.recognition is not None and e.recognition.units is not None for e in events)


def in_order(texts: Iterable[str]) -> list[str]:
    """Units in FACS notation in the order of `UNITS`, both sides before left before right.

    >>> in_order(["R12", "L12", "4", "12"])
    ['4', '12', 'L12', 'R12']
    """
    return sorted(texts, key=lambda text: (_place(text.lstrip("LR")), text[:1] in "LR", text))


def _place(unit: str) -> int:
    return UNITS.index(unit) if unit in UNITS else len(UNITS)


def _row(text: str) -> JsonObject:
    parts = text.split(":")
    if len(parts) != 4:
        raise ValueError(f"{text[:40]!r} is no unit:side:probability:intensity")
    unit, side, probability, intensity = parts
    return {
        "unit": unit,
        "side": side,
        "probability": float(probability),
        "intensity": float(intensity),
    }


def _unit(row: Any) -> ActionUnit:
    if not isinstance(row, Mapping):
        raise TypeError(f"{str(row)[:40]} is no unit")
    try:
        unit, side = row["unit"], row["side"]
        shares = [row["probability"], row["intensity"]]
    except KeyError as error:
        raise ValueError(f"a unit lacks {error}") from None
    if unit not in UNITS or side not in _SIDES:
        raise ValueError(f"{str(unit)[:20]!r} on {str(side)[:20]!r} is no unit that is known")
    return ActionUnit(unit, side, *map(_share, shares))


def _share(value: Any) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:40]} is no number")
    if not 0.0 <= value <= 1.0 or not math.isfinite(value):
        raise ValueError(f"{value} is no probability or intensity")
    return float(value)
