"""Events as JSON or tables, written as they come and read back."""

from __future__ import annotations

import csv
import itertools
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
from streamer.outputs.cells import safe_cell, true_text
from streamer.outputs.dialects import BOM, COMMA, Dialect, dialect_by
from streamer.outputs.json_document import JsonDocument, is_document
from streamer.outputs.record import (
    CLASSES,
    DAY,
    FIELDS,
    MEDIA,
    OLD_SCHEMA,
    READINGS,
    TIMES,
    event_to_record,
    probability_columns,
    record_to_event,
)
from streamer.outputs.units import units_from_cell, units_to_cell

_MAX_LINE = 2**20  # characters; an event has about 500
_MAX_DOCUMENT = 64 * 2**20  # characters of one JSON document
_TEXTS = ("schema", "id", "source", "kind", "emotion", *READINGS, "regions", *DAY)
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
    flat = {f"prob_{name}": probabilities.get(name) for name in CLASSES}
    flat |= {name: record[name] for name in FIELDS if name != "probabilities"}
    flat["units"] = units_to_cell(record["units"])
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

    def __init__(
        self,
        stream: IO[str],
        name: str,
        *,
        as_csv: bool = False,
        dialect: Dialect = COMMA,
    ) -> None:
        """dialect: of the table, where it is one (`as_csv`)."""
        self._stream = stream
        self._name = name
        self._csv = as_csv
        self._dialect = dialect
        self._was_nameless = standard_output_is_nameless()  # a file that never had a name is fine
        if as_csv:
            self._put(dialect.head(csv_columns()))

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
        line = self._dialect.line(record_to_row(record))
        # A file keeps the name as it is; a terminal must not obey it.
        return printable_lines(line) if self._stream.isatty() else line

    def _put(self, line: str) -> None:
        with writing(self._name):
            self._stream.write(line)
            self._stream.flush()


class JsonWriter:
    """Writes events as one JSON document: a list that is whole after each event."""

    def __init__(self, stream: IO[Any], name: str) -> None:
        """stream: text, or bytes where it can seek."""
        self._name = name
        with writing(name):
            self._document = JsonDocument(stream)

    def write(self, result: FrameResult) -> None:
        with writing(self._name):
            for event in result.events:
                self._document.add(record_to_json(event_to_record(event)))

    def close(self) -> None:
        with writing(self._name):
            self._document.close()


def open_event_file(
    path: Path, *, as_csv: bool, overwrite: bool = False, dialect: Dialect = COMMA
) -> EventWriter:
    """An event writer on a new file."""
    stream = open_output(path, overwrite=overwrite)
    return EventWriter(stream, str(path), as_csv=as_csv, dialect=dialect)


def open_json_file(path: Path, *, overwrite: bool = False) -> JsonWriter:
    """A writer of one JSON document on a new file."""
    return JsonWriter(open_output(path, overwrite=overwrite, binary=True), str(path))


def read_events(path: str | Path) -> Iterator[EmotionEvent]:
    """Read the events of a .jsonl, .json, .csv or .tsv file, one by one.

    Tables are read in every dialect of `--csv-dialect`, as their first line shows it. A last line
    that was cut off in the middle is left out with a warning. Raises
    SourceNotFoundError, SourceFormatError naming the line that is no event, or SourceRefusedError
    for what is no regular file.
    """
    path = Path(path)
    try:
        with open_regular_text(path, str(path), "give a file of events") as stream:
            if path.suffix.lower() in (".csv", ".tsv"):
                yield from _events(_table_rows(stream, path), _unflatten, path)
            elif path.suffix.lower() == ".json" and is_document(stream):
                yield from _events(_document_rows(stream, path), _parse_object, path)
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


def _table_rows(stream: IO[str], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = (line for _, line in _lines(stream, path))
    head = next(lines, "").removeprefix(BOM)
    dialect = dialect_by(head)
    rows = csv.DictReader(itertools.chain([head], lines), delimiter=dialect.delimiter)
    try:
        for number, row in enumerate(rows, start=2):
            yield number, row if dialect.decimal == "." else _with_points(row)
    except csv.Error as error:
        raise SourceFormatError(f"{path} line {rows.line_num}: not CSV: {error}.") from None


def _with_points(row: dict[Any, Any]) -> dict[Any, Any]:
    """A row with decimal points in place of commas, in its numbers."""
    return {
        name: value.replace(",", ".") if name not in _TEXTS and isinstance(value, str) else value
        for name, value in row.items()
    }


def _document_rows(stream: IO[str], path: Path) -> Iterator[tuple[int, Any]]:
    """The objects of one JSON list, numbered from 1."""
    text = stream.read(_MAX_DOCUMENT + 1)
    if len(text) > _MAX_DOCUMENT:
        raise SourceFormatError(f"{path}: more than {_MAX_DOCUMENT} characters: use .jsonl.")
    try:
        rows = parse_json(text)
    except ValueError as error:
        raise SourceFormatError(f"{path}: not one JSON document: {error}.") from None
    yield from enumerate(rows, start=1)


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
    return _parse_object(record)


def _parse_object(record: Any) -> dict[str, Any]:
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
        known = EMOTIONS if record.get("schema") == OLD_SCHEMA else CLASSES
        record["probabilities"] = {name: row.get(f"prob_{name}") for name in known}
        record["units"] = units_from_cell(row.get("units", ""))
        record["prototype"] = record.get("prototype") or None
    else:
        record["emotion"] = record["probabilities"] = record["confidence"] = None
    record["regions"] = (row.get("regions") or "").split()
    return record
