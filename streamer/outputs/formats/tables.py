"""Events as Parquet or workbook: one row per event, typed columns, the same names as in CSV."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamer.core.files.atomic import write_file
from streamer.core.printable import printable
from streamer.core.records import EmotionEvent, JsonObject
from streamer.outputs.events import csv_columns, other_clocks
from streamer.outputs.formats.event_text import Media
from streamer.outputs.formats.workbook import workbook
from streamer.outputs.record import CLASSES, DAY, event_to_record, probability_columns
from streamer.outputs.signals import import_pyarrow
from streamer.outputs.units import units_to_cell

_TEXT = ("schema", "id", "source", "kind", "emotion", "facs", "because", "prototype")
_WHOLE = ("face_id", "onset_frame", "apex_frame", "offset_frame")


def write_parquet(events: Sequence[EmotionEvent], path: Path, media: Media) -> None:
    """All columns of the CSV file; `regions` is a list of text, `units` one of structures.

    Raises InstallError.
    """
    arrow, parquet = import_pyarrow()
    records = [_flat(event_to_record(event)) for event in events]
    schema = arrow.schema([(name, _type(arrow, name)) for name in csv_columns()])
    table = arrow.Table.from_pylist(records, schema=schema)
    data = io.BytesIO()
    parquet.write_table(table, data)
    write_file(path, data.getvalue())


def write_xlsx(events: Sequence[EmotionEvent], path: Path, media: Media) -> None:
    """All columns of the CSV file; numbers are numbers. Raises InstallError."""
    columns = csv_columns()
    rows = []
    for event in events:
        record = _flat(event_to_record(event))
        record["units"] = units_to_cell(record["units"]) or None
        record["regions"] = " ".join(record["regions"])
        cells = (record[name] for name in columns)
        rows.append([printable(cell) if isinstance(cell, str) else cell for cell in cells])
    write_file(path, workbook(columns, rows))


def _flat(record: JsonObject) -> JsonObject:
    # File names may hold bytes that are no text; they are written as in the other formats.
    plain = {name: _as_text(record[name]) for name in _TEXT}
    probabilities = record["probabilities"] or {}
    shares = (probabilities.get(name) for name in CLASSES)
    return (
        record
        | plain
        | other_clocks(record)
        | dict(zip(probability_columns(), shares, strict=True))
    )


def _as_text(value: str | None) -> str | None:
    return None if value is None else value.encode("utf-8", "backslashreplace").decode()


def _type(arrow: Any, name: str) -> Any:
    if name == "regions":
        return arrow.list_(arrow.string())
    if name == "units":
        numbers = {name: arrow.float64() for name in ("probability", "intensity")}
        return arrow.list_(
            arrow.struct({"unit": arrow.string(), "side": arrow.string(), **numbers})
        )
    if name in (*_TEXT, *DAY):
        return arrow.string()
    return arrow.int64() if name in _WHOLE else arrow.float64()
