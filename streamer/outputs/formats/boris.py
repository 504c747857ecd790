"""Events for BORIS: a table that "Import observations" takes into an open observation.

Its importer reads .xlsx and .ods, first sheet, with the columns below in any order; other programs
take the same table as .tsv. A code that is a state event in the ethogram starts with its first row
and stops with the next row of the same subject and code.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamer.core.files.atomic import write_file
from streamer.core.records import EmotionEvent
from streamer.outputs.cells import csv_line, safe_cell
from streamer.outputs.formats.event_text import Media, details, label, tier_of, without_overlap
from streamer.outputs.formats.workbook import workbook
from streamer.outputs.units import facs_of, tells_units

COLUMNS = ("time", "subject", "code", "modifier", "comment")
DAY_COLUMN = "time of day"  # one more, which BORIS passes over, where it was asked for
_NOTHING_CHOSEN = "None"  # as BORIS writes it
_Row = tuple[float | str, ...]


def boris_rows(events: Sequence[EmotionEvent]) -> list[_Row]:
    """Rows in the order of their times in seconds: START and STOP of each event.

    Subject: the face; code: micro or macro (state events in BORIS); modifier: the emotion. Where
    the model tells action units they are a second set of modifiers, of which several may be chosen:
    BORIS puts `|` between sets, and commas between the chosen of one set. Where the events have
    times of day there is a sixth cell.
    """
    groups = itertools.groupby(sorted(events, key=tier_of), tier_of)
    rows = itertools.chain.from_iterable(_rows_of(list(group)) for _, group in groups)
    # A STOP comes before a START at the same time, or BORIS would pair them the wrong way.
    return sorted(rows, key=lambda row: (row[0], not str(row[4]).startswith("STOP")))


def write_boris(events: Sequence[EmotionEvent], path: Path, media: Media) -> None:
    """As .xlsx, or as .tsv by the suffix."""
    columns = (*COLUMNS, DAY_COLUMN) if _have_days(events) else COLUMNS
    rows = boris_rows(events)
    as_tsv = path.suffix.lower() == ".tsv"
    data = _as_tsv(columns, rows) if as_tsv else workbook(columns, rows)
    write_file(path, data)


def _rows_of(events: Sequence[EmotionEvent]) -> Iterator[_Row]:
    days = _have_days(events)
    for start, end, event in without_overlap(events):
        subject, code = f"face {event.spot.face_id}", event.spot.kind
        onset, _, offset = event.day or ("", "", "")
        said = modifier(event)
        begin: _Row = (start / 1000, subject, code, said, f"START; {details(event)}")
        stop: _Row = (end / 1000, subject, code, said, "STOP")
        yield (*begin, onset) if days else begin
        yield (*stop, offset) if days else stop


def modifier(event: EmotionEvent) -> str:
    """`surprise`, or `surprise|1,2,L12` where units are told, `surprise|None` if none moved."""
    if not tells_units([event]):
        return label(event)
    return f"{label(event)}|{facs_of(event).replace('+', ',') or _NOTHING_CHOSEN}"


def _have_days(events: Sequence[EmotionEvent]) -> bool:
    return any(event.day is not None for event in events)


def _as_tsv(columns: Sequence[str], rows: Sequence[_Row]) -> bytes:
    cells = ([f"{row[0]:.3f}", *map(safe_cell, row[1:])] for row in rows)
    text = "".join(csv_line(row, "\t") for row in (columns, *cells))
    return text.encode("utf-8", "backslashreplace")
