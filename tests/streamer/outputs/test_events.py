"""The event record: exact text, the schema, and reading back."""

from __future__ import annotations

import csv
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
from streamer.core.records import (
    UNITS,
    ActionUnit,
    EmotionEvent,
    FrameResult,
    Moments,
    Recognition,
    Spot,
)
from streamer.outputs.dialects import dialect_of
from streamer.outputs.events import (
    EventWriter,
    csv_columns,
    open_event_file,
    open_json_file,
    read_events,
)
from streamer.outputs.record import (
    CLASSES,
    FIELDS,
    OPTIONAL,
    READINGS,
    event_id,
    event_to_record,
    record_to_event,
)
from tests.streamer.outputs.fakes import make_event, with_units

# Onset at frame 30 of 30 fps is 1 s; apex 5 frames = 0.166667 s later; offset 9 frames = 0.3 s;
# known 15 frames = 0.5 s after the onset. b2c5d2 begins the SHA-256 of "clips/p01 a.mp4".
WANTED_JSON = (
    '{"schema": "mer-stream/event/2", "id": "p01-a-b2c5d2-face1-micro-30",'
    ' "source": "clips/p01 a.mp4", "face_id": 1, "kind": "micro",'
    ' "onset_s": 1.0, "apex_s": 1.166667, "offset_s": 1.3,'
    ' "onset_frame": 30, "apex_frame": 35, "offset_frame": 39,'
    ' "emotion": "surprise",'
    ' "probabilities": {"negative": 0.2, "positive": 0.1, "surprise": 0.7, "other": 0.0},'
    ' "confidence": 0.625, "facs": null, "units": null, "because": "", "prototype": null,'
    ' "score": 2.5, "emitted_s": 1.5, "regions": ["mouth", "brow_left"]}\n'
)
WANTED_CSV = (
    "schema,id,source,face_id,kind,onset_s,apex_s,offset_s,onset_frame,apex_frame,offset_frame,"
    "emotion,prob_negative,prob_positive,prob_surprise,prob_other,confidence,facs,units,because,"
    "prototype,score,emitted_s,regions,onset_media_s,apex_media_s,offset_media_s,onset_at,apex_at,offset_at\n"
    "mer-stream/event/2,p01-a-b2c5d2-face1-micro-30,clips/p01 a.mp4,1,micro,1.0,1.166667,1.3,"
    "30,35,39,surprise,0.2,0.1,0.7,0.0,0.625,,,,,2.5,1.5,mouth brow_left,1.0,1.166667,1.3,,,\n"
    "mer-stream/event/2,p01-a-b2c5d2-face1-micro-30,clips/p01 a.mp4,1,micro,1.0,1.166667,1.3,"
    "30,35,39,,,,,,,,,,,2.5,1.5,mouth brow_left,1.0,1.166667,1.3,,,\n"
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
    """Of version 1: once without units, once without the other clocks too."""
    old = WANTED_CSV.replace("event/2", "event/1").replace("prob_other,", "")
    old = old.replace("facs,units,because,prototype,", "").replace(
        "0.7,0.0,0.625,,,,,", "0.7,0.625,"
    )
    old = old.replace("39,,,,,,,,,,,2.5", "39,,,,,,2.5")
    new = ",onset_media_s,apex_media_s,offset_media_s,onset_at,apex_at,offset_at"
    oldest = old.replace(new, "").replace(",1.0,1.166667,1.3,,,\n", "\n")
    assert oldest.count("media") == 0 and oldest.count("mouth brow_left\n") == 2
    for number, text in enumerate((old, oldest)):
        path = tmp_path / f"old{number}.csv"
        path.write_text(text)
        events = list(read_events(path))
        assert [event.media for event in events] == [None, None]
        assert events[0] == record_to_event(event_to_record(make_event()))
        assert events[1] == record_to_event(event_to_record(make_event(recognised=False)))


def old_record(**more: Any) -> dict[str, Any]:
    """As version 1 wrote it."""
    record = event_to_record(make_event()) | {"schema": "mer-stream/event/1"}
    record["probabilities"] = {"negative": 0.2, "positive": 0.1, "surprise": 0.7}
    return {name: value for name, value in record.items() if name not in READINGS} | more


@pytest.mark.parametrize("name", ["e.jsonl", "e.json"])
def test_json_of_version_1_is_read_as_an_event_without_units(tmp_path: Path, name: str) -> None:
    line = json.dumps(old_record(cut=True))
    (tmp_path / name).write_text(f"[{line}]" if name == "e.json" else line + "\n")
    (event,) = read_events(tmp_path / name)
    said = event.recognition
    assert said is not None and event.cut
    assert said.probabilities == {"negative": 0.2, "positive": 0.1, "surprise": 0.7, "other": 0.0}
    assert (said.units, said.because, said.prototype) == (None, "", None)
    assert record_to_event(old_record(emotion=None)).recognition is None
    with pytest.raises(ValueError, match="missing score"):
        record_to_event({k: v for k, v in old_record().items() if k != "score"})


def test_a_record_of_version_2_needs_its_units() -> None:
    record = event_to_record(make_event())
    for name in READINGS:
        with pytest.raises(ValueError, match=f"missing {name}"):
            record_to_event({k: v for k, v in record.items() if k != name})


class TestUnits:
    RECORD = event_to_record(with_units(make_event()))

    def test_fields_by_hand(self) -> None:
        assert {name: self.RECORD[name] for name in READINGS} == {
            "facs": "1+L2+R7",
            "units": [
                {"unit": "1", "side": "both", "probability": 0.912, "intensity": 1.0},
                {"unit": "2", "side": "L", "probability": 0.75, "intensity": 0.5},
                {"unit": "7", "side": "R", "probability": 0.625, "intensity": 0.25},
            ],
            "because": "1+L2",
            "prototype": "surprise",
        }
        names = list(self.RECORD)
        at = names.index("confidence")
        assert tuple(names[at + 1 : at + 5]) == READINGS
        check_against_schema(self.RECORD, load_schema())

    def test_none_told_and_none_moved_are_two_things(self) -> None:
        untold = event_to_record(make_event())
        unmoved = event_to_record(with_units(make_event(), (), "", None))
        assert (untold["facs"], untold["units"]) == (None, None)
        assert (unmoved["facs"], unmoved["units"], unmoved["because"]) == ("", [], "")
        unrecognised = event_to_record(make_event(recognised=False))
        assert [unrecognised[name] for name in READINGS] == [None] * 4

    def test_cells_by_hand(self, tmp_path: Path) -> None:
        path = tmp_path / "e.csv"
        write([with_units(make_event())], path)
        (row,) = csv.DictReader(path.open(newline=""))
        assert row["units"] == "1:both:0.912:1 2:L:0.75:0.5 7:R:0.625:0.25"
        assert (row["facs"], row["because"], row["prototype"]) == ("1+L2+R7", "1+L2", "surprise")
        assert row["prob_other"] == "0.0"

    @pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".tsv", "-eu.csv"])
    def test_round_trip(self, tmp_path: Path, suffix: str) -> None:
        shares = {"negative": 0.1, "positive": 0.1, "surprise": 0.3, "other": 0.5}
        other = replace(make_event(), recognition=Recognition("other", shares, 0.5, ()))
        events = [
            with_units(make_event()),
            with_units(make_event(), (), "", None),
            with_units(make_event(), (ActionUnit("25/26", "both", 1.0, 1.0),), "", None),
            make_event(),
            make_event(recognised=False),
            other,
        ]
        path = tmp_path / f"e{suffix}"
        if suffix == ".json":
            writer: Any = open_json_file(path)
        else:
            form = suffix.removeprefix("-eu").removeprefix(".")
            dialect = dialect_of(form, "excel-eu" if "-eu" in suffix else None)
            writer = open_event_file(path, as_csv=form != "jsonl", dialect=dialect)
        writer.write(FrameResult(None, events=tuple(events)))
        writer.close()
        records = [event_to_record(event) for event in events]
        assert [event_to_record(event) for event in read_events(path)] == records

    @pytest.mark.parametrize(
        "units",
        [
            {},
            ["12"],
            [{"unit": "12", "side": "L", "probability": 0.5}],
            [{"unit": "3", "side": "L", "probability": 0.5, "intensity": 1.0}],
            [{"unit": "12", "side": "left", "probability": 0.5, "intensity": 1.0}],
            [{"unit": "12", "side": "L", "probability": 1.5, "intensity": 1.0}],
            [{"unit": "12", "side": "L", "probability": True, "intensity": 1.0}],
            [{"unit": "12", "side": "L", "probability": float("nan"), "intensity": 1.0}],
            [{"unit": ["12"], "side": {}, "probability": 0.5, "intensity": 1.0}],
        ],
        ids=range(9),
    )
    def test_what_is_no_unit_is_no_event(self, units: Any) -> None:
        with pytest.raises(ValueError, match=r"wrong type|lacks|is no unit|is no probability"):
            record_to_event(self.RECORD | {"units": units})

    @pytest.mark.parametrize("cell", ["12", "12:L:0.5", "12:L:a:b", "3:L:0.5:1", "12:L:0.5:1:2"])
    def test_a_damaged_cell_is_a_sentence(self, tmp_path: Path, cell: str) -> None:
        path = tmp_path / "e.csv"
        write([with_units(make_event())], path)
        whole = "1:both:0.912:1 2:L:0.75:0.5 7:R:0.625:0.25"
        text = path.read_text()
        assert whole in text
        path.write_text(text.replace(whole, cell))
        with pytest.raises(SourceFormatError, match="line 2: not an event"):
            list(read_events(path))


def test_the_schema_file_knows_the_same_units_and_emotions() -> None:
    rules = load_schema()["properties"]
    unit = rules["units"]["items"]["properties"]
    assert tuple(unit["unit"]["enum"]) == UNITS
    assert set(unit["side"]["enum"]) == {"both", "L", "R"}
    assert rules["emotion"]["enum"] == [*CLASSES, None]
    assert rules["probabilities"]["required"] == list(CLASSES)


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
    with pytest.raises(ValueError, match="mer-stream/event/3"):
        record_to_event(record | {"schema": "mer-stream/event/3"})
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
    assert len(csv_columns()) == len(FIELDS) + 9


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
