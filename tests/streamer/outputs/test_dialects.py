"""Tables for other countries' spreadsheets, and one JSON document: read back the same."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from streamer.core.errors import SourceFormatError
from streamer.core.records import EmotionEvent, FrameResult
from streamer.outputs.dialects import COMMA, EXCEL_EU, TAB, Dialect, dialect_by, dialect_of
from streamer.outputs.events import JsonWriter, open_event_file, open_json_file, read_events
from streamer.outputs.formats import write_events
from streamer.outputs.formats.event_text import Media
from tests.streamer.outputs.fakes import make_event

TOLD = make_event().recognition
assert TOLD is not None
EVENTS = (
    replace(
        make_event(),
        recognition=replace(TOLD, probabilities={**TOLD.probabilities, "other": 0.0}),
    ),
    replace(make_event(onset_frame=60, recognised=False), source="=cmd;a,b\t.mp4"),
)


def table(path: Path, dialect: Dialect) -> str:
    writer = open_event_file(path, as_csv=True, dialect=dialect)
    writer.write(FrameResult(None, events=EVENTS))
    writer.close()
    return path.read_bytes().decode("utf-8")


def alike(events: list[EmotionEvent]) -> None:
    """Times are written to the microsecond."""
    assert [event.source for event in events] == [event.source for event in EVENTS]
    for event, wanted in zip(events, EVENTS, strict=True):
        assert event.spot.apex_s == pytest.approx(wanted.spot.apex_s, abs=1e-6)
        assert event.recognition == wanted.recognition


def test_excel_eu_is_exactly_this(tmp_path: Path) -> None:
    text = table(tmp_path / "e.csv", EXCEL_EU)
    first, second = text.splitlines()[1:]
    assert text.startswith("\ufeffschema;id;source;face_id;")
    assert ";micro;1,0;1,166667;1,3;30;35;39;surprise;0,2;0,1;0,7;0,0;0,625;;;;;2,5;1,5;" in first
    assert ';"\'=cmd;a,b\t.mp4";' in second  # no formula, and quoted
    alike(list(read_events(tmp_path / "e.csv")))


def test_a_tab_separated_table(tmp_path: Path) -> None:
    text = table(tmp_path / "e.tsv", TAB)
    assert "\t1.0\t1.166667\t1.3\t30\t" in text
    assert len(next(csv.reader(io.StringIO(text), delimiter="\t"))) > 15
    alike(list(read_events(tmp_path / "e.tsv")))


def test_the_dialect_is_read_from_the_first_line() -> None:
    assert dialect_by("schema,id") == COMMA and dialect_by("schema\tid") == TAB
    assert dialect_by("schema;id").decimal == ","
    assert (dialect_of("tsv"), dialect_of("csv"), dialect_of("csv", "excel-eu")) == (
        TAB, COMMA, EXCEL_EU,
    )  # fmt: skip


class TestDocument:
    def test_it_is_whole_after_every_event(self, tmp_path: Path) -> None:
        path = tmp_path / "e.json"
        writer = open_json_file(path)
        assert json.loads(path.read_text()) == []
        for count, event in enumerate(EVENTS, start=1):
            writer.write(FrameResult(None, events=(event,)))
            assert len(json.loads(path.read_text())) == count
        writer.close()
        alike(list(read_events(path)))

    def test_a_stream_that_cannot_go_back_ends_whole(self) -> None:
        stream = io.StringIO()
        writer = JsonWriter(stream, "x")
        writer.write(FrameResult(None, events=EVENTS))
        writer.close()
        assert len(json.loads(stream.getvalue())) == 2
        empty = io.StringIO()
        JsonWriter(empty, "x").close()
        assert json.loads(empty.getvalue()) == []

    @pytest.mark.parametrize("text", ["[{}]", "[1]", "[", '[{"schema": 1e999}]'])
    def test_another_document_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "e.json").write_text(text)
        with pytest.raises(SourceFormatError, match=r"e\.json"):
            list(read_events(tmp_path / "e.json"))

    def test_lines_under_that_name_are_still_read(self, tmp_path: Path) -> None:
        writer = open_event_file(tmp_path / "e.json", as_csv=False)
        writer.write(FrameResult(None, events=EVENTS))
        writer.close()
        alike(list(read_events(tmp_path / "e.json")))


def test_a_workbook_of_plain_events(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    hostile = replace(EVENTS[1], source="=1+1\x1b.mp4")
    write_events("xlsx", [EVENTS[0], hostile], tmp_path / "e.xlsx", Media("x"))
    head, first, second = openpyxl.load_workbook(tmp_path / "e.xlsx").active.iter_rows()
    names = [cell.value for cell in head]
    row = dict(zip(names, first, strict=True))
    assert row["apex_s"].value == 1.166667 and row["apex_s"].data_type == "n"
    assert row["regions"].value == "mouth brow_left"
    source = dict(zip(names, second, strict=True))["source"]
    assert (source.value, source.data_type, bool(source.quotePrefix)) == (
        "=1+1\\x1b.mp4", "s", True,
    )  # fmt: skip
