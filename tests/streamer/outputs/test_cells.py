"""Spreadsheets take no cell of ours for a formula, and our readers get the text as it was."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.batch.manifest import _as_csv
from streamer.core.records import EmotionEvent, FrameResult
from streamer.outputs.cells import complete_lines, is_formula, safe_cell, true_text
from streamer.outputs.events import EventWriter, read_events, record_to_row
from streamer.outputs.formats import write_events
from streamer.outputs.formats.event_text import Media
from streamer.outputs.record import event_to_record
from streamer.outputs.summary import RunRecord
from tests.streamer.outputs.fakes import make_event

SIGNS = "=+-@\t\r\n＝＋－＠'"
TEXTS = st.text(st.one_of(st.sampled_from(SIGNS + ' \u00a0\u200b\ufeffaZ1,;"'), st.characters()))
HOSTILE = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", "\u00a0=1",
    "\ufeff=1", "＝1", "＋1", "－1", "＠SUM(A1)", "'=1", "''=1", "-clip.mp4",
)  # fmt: skip


@settings(deadline=None)
@given(TEXTS)
def test_every_text_comes_back_and_none_begins_as_a_formula(text: str) -> None:
    cell = safe_cell(text)
    assert true_text(cell) == text
    assert not cell.lstrip(" \u00a0\u200b\ufeff").startswith(tuple(SIGNS[:-1]))
    if not is_formula(text):
        assert cell == text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_beginnings(text: str) -> None:
    assert safe_cell(text) == "'" + text


def test_numbers_and_plain_texts_stay() -> None:
    for value in (-1, -0.5, 1e-9, 0, None, "clip.mp4", "a=b", "p01-a.mp4", "'quoted'", ""):
        assert safe_cell(value) == value


def from_source(name: str) -> EmotionEvent:
    return replace(make_event(), source=name)


@pytest.mark.parametrize("name", [*(f"{text}.mp4" for text in HOSTILE), 'a,b\n=1;"x".mp4'])
def test_events_in_csv_are_safe_and_read_back_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    event = from_source(name)
    event = replace(event, spot=replace(event.spot, score=-2.5))
    with path.open("w", newline="", encoding="utf-8") as stream:
        EventWriter(stream, "e.csv", as_csv=True).write(FrameResult(None, events=(event,)))
    with path.open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert not is_formula(row["source"]) or row["source"].startswith("'")
    assert row["score"] == "-2.5"
    (again,) = read_events(path)
    assert again.source == name and again.spot.score == -2.5


def test_numbers_of_a_row_stay_numbers() -> None:
    event = make_event()
    row = record_to_row(event_to_record(replace(event, spot=replace(event.spot, onset_s=-0.5))))
    assert -0.5 in row


@pytest.mark.parametrize("suffix", [".tsv", ".xlsx"])
def test_boris_tables_hold_text(suffix: str, tmp_path: Path) -> None:
    event = make_event()
    assert event.recognition is not None
    formula = '=HYPERLINK("http://x")\x1b[2J'
    event = replace(event, recognition=replace(event.recognition, emotion=formula))
    path = tmp_path / f"e{suffix}"
    write_events("boris", [event], path, Media("x.mp4"))
    if suffix == ".tsv":
        (_, first, *_) = csv.reader(io.StringIO(path.read_text()), delimiter="\t")
        assert first[0] == "1.000" and first[3].startswith("'=HYPERLINK")
        assert true_text(first[3]) == '=HYPERLINK("http://x")\\x1b[2J'
        return
    sheet = pytest.importorskip("openpyxl").load_workbook(path).active
    cell = sheet["D2"]
    assert (cell.data_type, bool(cell.quotePrefix)) == ("s", True)
    assert cell.value == '=HYPERLINK("http://x")\\x1b[2J'
    assert sheet["A2"].data_type == "n" and not sheet["B2"].quotePrefix


def test_the_manifest_is_safe() -> None:
    outcome = RunRecord("=1+1.mp4", "1-1.mp4", "failed", 4, "-x: no video.", duration_s=-1.0)
    rows = [{"name": outcome.name, "error": outcome.error, "duration_s": outcome.duration_s}]
    (row,) = csv.DictReader(io.StringIO(_as_csv(rows).decode()))
    assert (row["name"], row["error"], row["duration_s"]) == ("'=1+1.mp4", "'-x: no video.", "-1.0")


def test_a_cue_cannot_be_forged(tmp_path: Path) -> None:
    event = make_event()
    assert event.recognition is not None
    hostile = "x\n\n2\n00:00:00.000 --> 00:09:00.000\n<b>owned&"
    event = replace(event, recognition=replace(event.recognition, emotion=hostile))
    for form in ("srt", "vtt"):
        path = tmp_path / f"e.{form}"
        write_events(form, [event], path, Media("x.mp4"))
        text = path.read_text()
        assert text.count("-->") == 1
        assert form == "srt" or "<b>" not in text
    from streamer.outputs.report.page import _row
    from streamer.outputs.report.templates import text

    assert "<b>" not in "".join(map(text, _row(event)))


def test_a_terminal_gets_no_control_characters_of_a_name_in_csv() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((Terminal(), False), (io.StringIO(), True)):
        EventWriter(stream, "x", as_csv=True).write(
            FrameResult(None, events=(from_source("\x1b[2J.mp4"),))
        )
        assert ("\x1b" in stream.getvalue()) is shown


def test_a_line_that_is_being_written_is_left_out() -> None:
    assert list(complete_lines(io.StringIO("a\nb\r\nc", newline=""))) == ["a\n", "b\r\n"]
    assert list(complete_lines(io.StringIO(""))) == []
