"""The event record: exact text, the schema, and reading back."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.core.errors import (
    OutputError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from streamer.core.records import EmotionEvent, FrameResult, Moments, Recognition, Spot
from streamer.outputs.events import EventWriter, csv_columns, open_event_file, read_events
from streamer.outputs.record import FIELDS, OPTIONAL, event_id, event_to_record, record_to_event
from tests.streamer.outputs.fakes import make_event

# Onset at frame 30 of 30 fps is 1 s; apex 5 frames = 0.166667 s later; offset 9 frames = 0.3 s;
# known 15 frames = 0.5 s after the onset. b2c5d2 begins the SHA-256 of "clips/p01 a.mp4".
WANTED_JSON = (
    '{"schema": "mer-stream/event/1", "id": "p01-a-b2c5d2-face1-micro-30",'
    ' "source": "clips/p01 a.mp4", "face_id": 1, "kind": "micro",'
    ' "onset_s": 1.0, "apex_s": 1.166667, "offset_s": 1.3,'
    ' "onset_frame": 30, "apex_frame": 35, "offset_frame": 39,'
    ' "emotion": "surprise",'
    ' "probabilities": {"negative": 0.2, "positive": 0.1, "surprise": 0.7},'
    ' "confidence": 0.625, "score": 2.5, "emitted_s": 1.5, "regions": ["mouth", "brow_left"]}\n'
)
WANTED_CSV = (
    "schema,id,source,face_id,kind,onset_s,apex_s,offset_s,onset_frame,apex_frame,offset_frame,"
    "emotion,prob_negative,prob_positive,prob_surprise,confidence,score,emitted_s,regions,"
    "onset_media_s,apex_media_s,offset_media_s,onset_at,apex_at,offset_at\n"
    "mer-stream/event/1,p01-a-b2c5d2-face1-micro-30,clips/p01 a.mp4,1,micro,1.0,1.166667,1.3,"
    "30,35,39,surprise,0.2,0.1,0.7,0.625,2.5,1.5,mouth brow_left,1.0,1.166667,1.3,,,\n"
    "mer-stream/event/1,p01-a-b2c5d2-face1-micro-30,clips/p01 a.mp4,1,micro,1.0,1.166667,1.3,"
    "30,35,39,,,,,,2.5,1.5,mouth brow_left,1.0,1.166667,1.3,,,\n"
)


def write(events: list[EmotionEvent], path: Path) -> None:
    writer = open_event_file(path, as_csv=path.suffix == ".csv")
    writer.write(FrameResult(None, events=tuple(events)))
    writer.close()


def test_json_line_is_exactly_this() -> None:
    stream = io.StringIO()
    EventWriter(stream, "x").write(FrameResult(None, events=(make_event(),)))
    assert stream.getvalue() == WANTED_JSON


def test_csv_is_exactly_this(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    write([make_event(), make_event(recognised=False)], path)
    assert path.read_text() == WANTED_CSV


def test_csv_quotes_a_source_with_a_comma(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    write([make_event(source='a, "b".mp4')], path)
    assert '"a, ""b"".mp4"' in path.read_text()
    assert next(read_events(path)).source == 'a, "b".mp4'


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    events = [
        make_event(onset_frame=30),
        make_event(onset_frame=60, recognised=False),
        make_event(onset_frame=90, source="ü 微.mp4"),
    ]
    path = tmp_path / f"e{suffix}"
    write(events, path)
    records = [event_to_record(event) for event in events]
    assert [event_to_record(event) for event in read_events(path)] == records


def test_ids_tell_folders_faces_frames_and_kinds_apart() -> None:
    events = [
        make_event(source="p01/a.mp4"),
        make_event(source="p02/a.mp4"),
        make_event(source="p01/a.mp4", face_id=2),
        make_event(source="p01/a.mp4", onset_frame=31),
        make_event(source="p01/a.mp4", kind="macro"),
    ]
    assert len({event_id(event) for event in events}) == len(events)
    assert event_id(make_event()) == event_id(make_event(recognised=False))
    assert event_id(make_event(source="rtsp://***@10.0.0.5/live?x=1")).startswith("live-x-1-")
    assert event_id(make_event(source="-")).startswith("source-")


def check_against_schema(record: dict[str, Any], schema: dict[str, Any]) -> None:
    """The part of JSON Schema that event.schema.json uses."""
    types = {
        "string": str,
        "integer": int,
        "number": int | float,
        "object": dict,
        "array": list,
        "null": type(None),
    }
    assert set(schema["required"]) <= set(record)
    for name, rule in schema["properties"].items():
        if name not in record and name not in schema["required"]:
            continue
        value = record[name]
        if "const" in rule:
            assert value == rule["const"]
        if "enum" in rule:
            assert value in rule["enum"]
        if "type" in rule:
            names = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
            assert any(isinstance(value, types[kind]) for kind in names), name
        if "minimum" in rule and value is not None:
            assert value >= rule["minimum"], name
        if "maximum" in rule and value is not None:
            assert value <= rule["maximum"], name


def load_schema() -> dict[str, Any]:
    path = resources.files("streamer") / "assets" / "event.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("recognised", [True, False])
def test_records_follow_the_schema_file(recognised: bool) -> None:
    schema = load_schema()
    assert tuple(schema["properties"]) == FIELDS + OPTIONAL
    record = json.loads(json.dumps(event_to_record(make_event(recognised=recognised))))
    check_against_schema(record, schema)
    for wrong in ({"kind": "tiny"}, {"cut": False}):
        with pytest.raises(AssertionError):
            check_against_schema(record | wrong, schema)


def test_a_cut_event_is_marked_and_read_back(tmp_path: Path) -> None:
    whole, cut = make_event(), replace(make_event(), cut=True)
    assert "cut" not in event_to_record(whole)
    check_against_schema(event_to_record(cut), load_schema())
    assert event_to_record(cut) == event_to_record(whole) | {"cut": True}
    path = tmp_path / "e.jsonl"
    write([whole, cut], path)
    assert [event.cut for event in read_events(path)] == [False, True]
    with pytest.raises(ValueError, match="cut is 1"):
        record_to_event(event_to_record(whole) | {"cut": 1})


def clocks(**more: Any) -> EmotionEvent:
    """An event of 1.000 to 1.300 s that a player shows from 4.5 s on, four times as slowly."""
    media = Moments(4.5, 4.5 + 4 * 5 / 30, 4.5 + 4 * 9 / 30)
    return replace(make_event(), media=media, **more)


def test_both_clocks_are_written_where_they_differ(tmp_path: Path) -> None:
    day = ("10:00:01.000", "10:00:01.167", "10:00:01.300")
    same, other = make_event(), clocks(day=day)
    places = {"onset_media_s": 4.5, "apex_media_s": 5.166667, "offset_media_s": 5.7}
    record = event_to_record(same) | places
    record |= dict(zip(("onset_at", "apex_at", "offset_at"), day, strict=True))
    assert event_to_record(other) == record
    check_against_schema(record, load_schema())
    equal = replace(same, media=Moments(1.0, 35 / 30, 39 / 30))
    assert event_to_record(equal) == event_to_record(same)
    for suffix in (".jsonl", ".csv"):
        path = tmp_path / f"e{suffix}"
        write([same, other], path)
        assert [event_to_record(event) for event in read_events(path)] == [
            event_to_record(same),
            record,
        ]


def test_tables_of_older_versions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    new = ",onset_media_s,apex_media_s,offset_media_s,onset_at,apex_at,offset_at"
    old = WANTED_CSV.replace(new, "").replace(",1.0,1.166667,1.3,,,\n", "\n")
    assert old.count("media") == 0 and old.count("mouth brow_left\n") == 2
    path.write_text(old)
    events = list(read_events(path))
    assert [event.media for event in events] == [None, None]
    assert events[0] == record_to_event(event_to_record(make_event()))


@pytest.mark.parametrize("change", [{"apex_media_s": None}, {"apex_media_s": "x"}, {"apex_at": 3}])
def test_half_a_clock_is_no_event(change: dict[str, Any]) -> None:
    record = event_to_record(clocks(day=("1", "2", "3")))
    with pytest.raises(ValueError, match=r"missing|wrong type|could not convert"):
        record_to_event(record | change)


def test_documentation_names_every_field_and_shows_a_valid_event() -> None:
    text = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")
    for name in FIELDS + OPTIONAL:
        assert f"`{name}`" in text
    example = next(line for line in text.splitlines() if line.startswith('{"schema"'))
    check_against_schema(json.loads(example), load_schema())


def test_unknown_fields_are_ignored_and_other_schemas_refused() -> None:
    record = event_to_record(make_event())
    assert event_to_record(record_to_event(record | {"new": 1})) == record
    with pytest.raises(ValueError, match="mer-stream/event/2"):
        record_to_event(record | {"schema": "mer-stream/event/2"})
    with pytest.raises(ValueError, match="missing score"):
        record_to_event({k: v for k, v in record.items() if k != "score"})
    with pytest.raises(ValueError, match="kind is 'tiny'"):
        record_to_event(record | {"kind": "tiny"})
    with pytest.raises(ValueError, match="wrong type"):
        record_to_event(record | {"onset_s": [1]})


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_cut_off_last_line_is_left_out(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / f"e{suffix}"
    write([make_event(onset_frame=30), make_event(onset_frame=60)], path)
    path.write_bytes(path.read_bytes()[:-40])
    with caplog.at_level(logging.WARNING):
        events = list(read_events(path))
    assert [event.spot.onset_frame for event in events] == [30]
    assert "cut off" in caplog.text


@pytest.mark.parametrize(
    ("text", "part"),
    [("{}\n", "line 1"), (WANTED_JSON + "oops\n", "line 2"), ("[1]\n", "one JSON object")],
)
def test_what_is_no_event_is_named_by_line(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(text)
    with pytest.raises(SourceFormatError) as caught:
        list(read_events(path))
    assert part in str(caught.value)


def test_reading_a_missing_file() -> None:
    with pytest.raises(SourceNotFoundError, match="nowhere"):
        list(read_events("nowhere.jsonl"))


def test_each_line_is_in_the_file_before_the_next_event(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    writer = open_event_file(path, as_csv=False)
    writer.write(FrameResult(None, events=(make_event(),)))
    assert path.read_text() == WANTED_JSON  # not closed: a kill now loses nothing
    writer.close()


def test_full_disk_is_an_output_error() -> None:
    writer = open_event_file(Path("/dev/full"), as_csv=False)
    with pytest.raises(OutputError, match="disk is full"):
        writer.write(FrameResult(None, events=(make_event(),)))
    with pytest.raises(OutputError, match="disk is full"):
        writer.close()


times = st.floats(0, 1e6)


@given(times, times, times, st.integers(0, 10**9), st.sampled_from(["micro", "macro"]), st.text())
def test_any_event_survives_the_record(
    onset: float, apex: float, score: float, frame: int, kind: str, source: str
) -> None:
    spot = Spot(0, kind, onset, apex, apex, frame, frame, frame, score, ())  # type: ignore[arg-type]
    said = Recognition("positive", {"negative": 0.0, "positive": 1.0, "surprise": 0.0}, 1.0)
    record = event_to_record(EmotionEvent(spot, said, source, apex))
    back = event_to_record(record_to_event(json.loads(json.dumps(record))))
    assert back == record
    assert len(csv_columns()) == len(FIELDS) + 8


GOOD = json.loads(WANTED_JSON)


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(GOOD | {"onset_s": float("inf")}),
        json.dumps(GOOD | {"onset_frame": float("inf")}),
        json.dumps(GOOD | {"score": float("nan")}),
        json.dumps(GOOD).replace('"face_id": ', '"face_id": 1e999, "x": '),
        json.dumps(GOOD | {"onset_frame": 10**30}),
        json.dumps(GOOD | {"face_id": "9" * 5000}),
        json.dumps(GOOD | {"face_id": True}),
        json.dumps(GOOD | {"probabilities": [1, 2]}),
        json.dumps(GOOD | {"probabilities": {"surprise": None}}),
        json.dumps(GOOD | {"regions": "brow"}),
        json.dumps(GOOD | {"source": ["a"]}),
        json.dumps(GOOD)[:-1] + ', "source": "twice"}',
        "[" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"schema": "' + "x" * 2**21 + '"}',
    ],
    ids=range(15),
)
def test_numbers_and_nesting_that_cannot_be_are_a_sentence(tmp_path: Path, line: str) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(SourceFormatError, match=r"e\.jsonl line 1: ") as caught:
        list(read_events(path))
    assert len(str(caught.value)) < 600


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")
def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "e.jsonl")
    for path in (tmp_path / "e.jsonl", Path("/dev/zero"), tmp_path):
        with pytest.raises(SourceRefusedError, match="not a regular file"):
            list(read_events(path))
