"""Events as JSON lines or CSV, written as they come and read back."""

from __future__ import annotations

import csv
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

from streamer.core.errors import OutputError, SourceFormatError, SourceNotFoundError
from streamer.core.files.regular import open_regular_text
from streamer.core.files.strict_json import parse_json
from streamer.core.files.writing import open_output, standard_output_is_nameless, writing
from streamer.core.printable import printable_lines, to_json
from streamer.core.records import EMOTIONS, EmotionEvent, FrameResult, JsonObject
from streamer.outputs.cells import csv_line, safe_cell, true_text
from streamer.outputs.record import (
    DAY,
    FIELDS,
    MEDIA,
    TIMES,
    event_to_record,
    probability_columns,
    record_to_event,
)

_MAX_LINE = 2**20  # characters; an event has about 500
_LOG = logging.getLogger(__name__)
_Row = TypeVar("_Row")


def csv_columns() -> list[str]:
    """`FIELDS` with the probabilities spread over a column per emotion, then the other clocks."""
    at = FIELDS.index("probabilities")
    return [*FIELDS[:at], *probability_columns(), *FIELDS[at + 1 :], *MEDIA, *DAY]


def record_to_json(record: JsonObject) -> str:
    """One line of JSON, without the newline."""
    return to_json(record)


def record_to_row(record: JsonObject) -> list[Any]:
    """The record as one CSV row in the order of `csv_columns`; what is not known is empty.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    probabilities = record["probabilities"] or {}
    flat = {f"prob_{name}": probabilities.get(name) for name in EMOTIONS}
    flat |= {name: record[name] for name in FIELDS if name != "probabilities"}
    flat["regions"] = " ".join(record["regions"])
    flat |= other_clocks(record)
    return ["" if flat[name] is None else safe_cell(flat[name]) for name in csv_columns()]


def other_clocks(record: JsonObject) -> JsonObject:
    """The columns of the places in the file, always filled, and of the times of day, if known."""
    places = zip(MEDIA, TIMES, strict=True)
    return {place: record.get(place, record[time]) for place, time in places} | {
        name: record.get(name) for name in DAY
    }


class EventWriter:
    """Writes each event as one line the moment it comes, so that a kill loses nothing."""

    def __init__(self, stream: IO[str], name: str, *, as_csv: bool = False) -> None:
        self._stream = stream
        self._name = name
        self._csv = as_csv
        self._was_nameless = standard_output_is_nameless()  # a file that never had a name is fine
        if as_csv:
            self._put(csv_line(csv_columns()))

    def write(self, result: FrameResult) -> None:
        for event in result.events:
            record = event_to_record(event)
            self._put(self._line(record) if self._csv else record_to_json(record) + "\n")

    def close(self) -> None:
        with writing(self._name):
            if self._stream is not sys.stdout:
                self._stream.close()
            elif standard_output_is_nameless() and not self._was_nameless:
                raise OutputError("standard output: its file was removed meanwhile. Run again.")

    def _line(self, record: JsonObject) -> str:
        line = csv_line(record_to_row(record))
        # A file keeps the name as it is; a terminal must not obey it.
        return printable_lines(line) if self._stream.isatty() else line

    def _put(self, line: str) -> None:
        with writing(self._name):
            self._stream.write(line)
            self._stream.flush()


def open_event_file(path: Path, *, as_csv: bool, overwrite: bool = False) -> EventWriter:
    """An event writer on a new file."""
    return EventWriter(open_output(path, overwrite=overwrite), str(path), as_csv=as_csv)


def read_events(path: str | Path) -> Iterator[EmotionEvent]:
    """Read the events of a .jsonl or .csv file, one by one.

    A last line that was cut off in the middle is left out with a warning. Raises
    SourceNotFoundError, SourceFormatError naming the line that is no event, or SourceRefusedError
    for what is no regular file.
    """
    path = Path(path)
    try:
        with open_regular_text(path, str(path), "give a file of events") as stream:
            if path.suffix.lower() == ".csv":
                yield from _events(_csv_rows(stream, path), _unflatten, path)
            else:
                lines = ((n, line) for n, line in _lines(stream, path) if line.strip())
                yield from _events(lines, _parse_json, path)
    except OSError as error:
        raise SourceNotFoundError(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SourceFormatError(f"{path}: not a file of events: it is not UTF-8 text.") from None
    except ValueError as error:  # of the name
        raise SourceNotFoundError(f"{path}: {error}.") from None


def _lines(stream: IO[str], path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; never more than a bounded part of the file in memory."""
    number = 0
    while line := stream.readline(_MAX_LINE + 1):
        number += 1
        if len(line) > _MAX_LINE:
            raise SourceFormatError(f"{path} line {number}: longer than any event.")
        yield number, line


def _csv_rows(stream: IO[str], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = csv.DictReader(line for _, line in _lines(stream, path))
    try:
        yield from enumerate(rows, start=2)
    except csv.Error as error:
        raise SourceFormatError(f"{path} line {rows.line_num}: not CSV: {error}.") from None


def _events(
    rows: Iterable[tuple[int, _Row]], parse: Callable[[_Row], dict[str, Any] | None], path: Path
) -> Iterator[EmotionEvent]:
    for number, row in rows:
        try:
            record = parse(row)
            event = None if record is None else record_to_event(record)
        except ValueError as error:
            raise SourceFormatError(f"{path} line {number}: not an event: {error}.") from None
        if event is not None:
            yield event
        else:
            _LOG.warning("%s line %d: cut off in the middle, left out", path, number)


def _parse_json(line: str) -> dict[str, Any] | None:
    """The record of one line; None for a line that is cut off."""
    try:
        record = parse_json(line)
    except json.JSONDecodeError:
        if line.endswith("\n"):
            raise
        return None
    if not isinstance(record, dict):
        raise ValueError("a line must hold one JSON object")
    return record


def _unflatten(row: Mapping[Any, Any]) -> dict[str, Any] | None:
    """The record of one CSV row; None for a row that was cut off."""
    if any(value is None for value in row.values()):
        return None
    if None in row:
        raise ValueError("it has more cells than there are columns")
    row = {name: true_text(value or "") for name, value in row.items()}
    record: dict[str, Any] = dict(row)
    if record.get("emotion"):
        record["probabilities"] = {name: row.get(f"prob_{name}") for name in EMOTIONS}
    else:
        record["emotion"] = record["probabilities"] = record["confidence"] = None
    record["regions"] = (row.get("regions") or "").split()
    return record
