"""Events for other programs, read back by other readers than our own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from streamer.core.errors import InstallError, UsageError
from streamer.core.records import ActionUnit
from streamer.outputs.formats import check_format, write_events
from streamer.outputs.formats.boris import COLUMNS, boris_rows
from streamer.outputs.formats.event_text import Media
from tests.streamer.outputs.fakes import make_event, with_units

# Onset n/30 s, apex 5 and offset 9 frames later. Two faces; two events of face 1 overlap.
EVENTS = [
    make_event(face_id=1, onset_frame=30),  # 1.000 to 1.300 s
    make_event(face_id=1, onset_frame=36, recognised=False),  # 1.200 to 1.500 s
    make_event(face_id=0, onset_frame=60),  # 2.000 to 2.300 s
    make_event(face_id=1, onset_frame=15, kind="macro"),  # 0.500 to 0.800 s
]
MEDIA = Media("p01 a.mp4", "clips/p01 a.mp4")


def written(tmp_path: Path, form: str, name: str) -> Path:
    path = tmp_path / name
    write_events(form, EVENTS, path, MEDIA)
    return path


def test_srt_is_read_by_a_subtitle_parser(tmp_path: Path) -> None:
    srt = pytest.importorskip("srt")
    cues = list(srt.parse(written(tmp_path, "srt", "e.srt").read_text()))
    assert [cue.index for cue in cues] == [1, 2, 3, 4]
    assert cues[0].start == timedelta(seconds=0.5)
    assert (cues[1].start, cues[1].end) == (timedelta(seconds=1), timedelta(seconds=1.3))
    assert cues[1].content == "[micro] surprise 62% (face 1)\nmouth, brow left"
    assert cues[2].content.startswith("[micro] movement (face 1)")


def told(tmp_path: Path, form: str, name: str) -> Path:
    """Events by a model that tells units: some; none that moved; an emotion that is other."""
    other = with_units(make_event(onset_frame=90), (ActionUnit("24", "both", 0.8, 1.0),), "", None)
    assert other.recognition is not None
    other = replace(other, recognition=replace(other.recognition, emotion="other"))
    events = [
        with_units(make_event(onset_frame=30)),
        with_units(make_event(onset_frame=60), (), "", None),
        other,
        make_event(onset_frame=120, recognised=False),
    ]
    path = tmp_path / name
    write_events(form, events, path, MEDIA)
    return path


def test_subtitles_tell_units(tmp_path: Path) -> None:
    srt, webvtt = pytest.importorskip("srt"), pytest.importorskip("webvtt")
    wanted = [
        "[micro] surprise 62% (face 1)\nAU 1+L2+R7, because 1+L2 [reads as surprise]\n"
        "mouth, brow left",
        "[micro] surprise 62% (face 1)\nmouth, brow left",
        "[micro] other 62% (face 1)\nAU 24\nmouth, brow left",
        "[micro] movement (face 1)\nmouth, brow left",
    ]
    cues = srt.parse(told(tmp_path, "srt", "u.srt").read_text())
    assert [cue.content for cue in cues] == wanted
    captions = webvtt.read(str(told(tmp_path, "vtt", "u.vtt")))
    assert [caption.text for caption in captions] == wanted


def test_vtt_is_read_by_a_subtitle_parser(tmp_path: Path) -> None:
    webvtt = pytest.importorskip("webvtt")
    cues = webvtt.read(str(written(tmp_path, "vtt", "e.vtt")))
    assert [(c.start, c.end) for c in cues][:2] == [
        ("00:00:00.500", "00:00:00.800"),
        ("00:00:01.000", "00:00:01.300"),
    ]
    assert cues[3].identifier.endswith("-face0-micro-60")


def test_subtitles_of_hours(tmp_path: Path) -> None:
    path = tmp_path / "e.srt"
    write_events("srt", [make_event(onset_frame=30 * 7322)], path, MEDIA)
    assert "02:02:02,000 --> 02:02:02,300" in path.read_text()


class TestEaf:
    def test_pympi_reads_tiers_and_milliseconds(self, tmp_path: Path) -> None:
        elan = pytest.importorskip("pympi.Elan")
        eaf = elan.Eaf(str(written(tmp_path, "eaf", "e.eaf")), suppress_version_warning=True)
        assert set(eaf.get_tier_names()) == {
            *("face 0 micro", "face 0 micro details", "face 1 micro", "face 1 micro details"),
            *("face 1 macro", "face 1 macro details"),
        }
        # The second begins where the first ends: a tier holds one annotation at a time.
        assert eaf.get_annotation_data_for_tier("face 1 micro") == [
            (1000, 1300, "surprise"),
            (1300, 1500, "movement"),
        ]
        (detail,) = eaf.get_ref_annotation_data_for_tier("face 0 micro details")
        assert detail[2].startswith("confidence 0.62; apex 2.167 s; score 2.50; regions mouth")
        assert eaf.get_linked_files()[0]["MIME_TYPE"] == "video/mp4"

    def test_units_have_a_tier_of_their_own(self, tmp_path: Path) -> None:
        elan = pytest.importorskip("pympi.Elan")
        path = told(tmp_path, "eaf", "u.eaf")
        check_eaf(path)
        eaf = elan.Eaf(str(path), suppress_version_warning=True)
        names = {"face 1 micro", "face 1 micro details", "face 1 micro FACS"}
        assert set(eaf.get_tier_names()) == names
        # Start, end, value, and the value of the annotation that it is attached to.
        assert eaf.get_ref_annotation_data_for_tier("face 1 micro FACS") == [
            (1000, 1300, "1+L2+R7", "surprise"),
            (3000, 3300, "24", "other"),
        ]
        details = [row[2] for row in eaf.get_ref_annotation_data_for_tier("face 1 micro details")]
        assert details[0].startswith(
            "confidence 0.62; FACS 1+L2+R7; because 1+L2; reads as surprise; apex 1.167 s;"
        )
        assert details[1].startswith("confidence 0.62; apex 2.167 s;")

    def test_structure_is_that_of_the_schema(self, tmp_path: Path) -> None:
        pytest.importorskip("pympi")
        check_eaf(written(tmp_path, "eaf", "e.eaf"))

    def test_no_events_is_a_document_too(self, tmp_path: Path) -> None:
        pytest.importorskip("pympi")
        write_events("eaf", [], tmp_path / "e.eaf", Media("x"))
        check_eaf(tmp_path / "e.eaf")

    def test_hidden_media_is_not_told(self, tmp_path: Path) -> None:
        pytest.importorskip("pympi")
        write_events("eaf", EVENTS, tmp_path / "e.eaf", Media("rec-1234"))
        assert "p01" not in (tmp_path / "e.eaf").read_text()


def check_eaf(path: Path) -> None:
    """The rules of EAFv3.0.xsd that our documents touch, by hand: the file is not at hand."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == "ANNOTATION_DOCUMENT"
    assert root.attrib["FORMAT"] == "3.0"
    schema = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
    assert root.attrib[schema] == "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)?", root.attrib["DATE"])
    assert {"AUTHOR", "VERSION"} <= set(root.attrib)
    order = ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT"]
    places = [order.index(child.tag) for child in root]
    assert places == sorted(places) and places[:2] == [0, 1]
    slots = {s.attrib["TIME_SLOT_ID"]: int(s.attrib["TIME_VALUE"]) for s in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    types = {t.attrib["LINGUISTIC_TYPE_ID"]: t for t in root.iter("LINGUISTIC_TYPE")}
    stereotypes = {c.attrib["STEREOTYPE"] for c in root.iter("CONSTRAINT")}
    assert {t.attrib["CONSTRAINTS"] for t in types.values() if "CONSTRAINTS" in t.attrib} <= (
        stereotypes
    )
    tiers = {t.attrib["TIER_ID"]: t for t in root.iter("TIER")}
    assert len(tiers) == len(list(root.iter("TIER")))
    numbers: set[str] = set()
    for tier in tiers.values():
        assert tier.attrib["LINGUISTIC_TYPE_REF"] in types
        assert tier.attrib.get("PARENT_REF", next(iter(tiers))) in tiers
        last = 0
        for annotation in tier:
            (kind,) = annotation
            assert annotation.tag == "ANNOTATION" and kind[0].tag == "ANNOTATION_VALUE"
            assert kind.attrib["ANNOTATION_ID"] not in numbers
            numbers.add(kind.attrib["ANNOTATION_ID"])
            if kind.tag == "ALIGNABLE_ANNOTATION":
                start, end = (slots[kind.attrib[f"TIME_SLOT_REF{n}"]] for n in (1, 2))
                assert last <= start < end
                last = end
    for reference in root.iter("REF_ANNOTATION"):
        assert reference.attrib["ANNOTATION_REF"] in numbers
    for medium in root.iter("MEDIA_DESCRIPTOR"):
        assert {"MEDIA_URL", "MIME_TYPE"} <= set(medium.attrib)


class TestBoris:
    def test_rows_start_and_stop_in_order(self) -> None:
        rows = boris_rows(sorted(EVENTS, key=lambda e: e.spot.onset_s))
        assert [(r[0], r[1], r[2], r[3], r[4].split(";")[0]) for r in rows] == [
            (0.5, "face 1", "macro", "surprise", "START"),
            (0.8, "face 1", "macro", "surprise", "STOP"),
            (1.0, "face 1", "micro", "surprise", "START"),
            (1.3, "face 1", "micro", "surprise", "STOP"),
            (1.3, "face 1", "micro", "movement", "START"),
            (1.5, "face 1", "micro", "movement", "STOP"),
            (2.0, "face 0", "micro", "surprise", "START"),
            (2.3, "face 0", "micro", "surprise", "STOP"),
        ]

    def test_spreadsheet_has_the_columns_of_the_importer(self, tmp_path: Path) -> None:
        openpyxl = pytest.importorskip("openpyxl")
        sheet = openpyxl.load_workbook(written(tmp_path, "boris", "e.xlsx")).worksheets[0]
        rows = list(sheet.iter_rows(values_only=True))
        assert rows[0] == COLUMNS == ("time", "subject", "code", "modifier", "comment")
        assert len(rows) == 9 and isinstance(rows[1][0], float)

    def test_units_are_a_second_set_of_modifiers(self, tmp_path: Path) -> None:
        openpyxl = pytest.importorskip("openpyxl")
        sheet = openpyxl.load_workbook(told(tmp_path, "boris", "u.xlsx")).worksheets[0]
        rows = list(sheet.iter_rows(min_row=2, values_only=True))
        # BORIS parts sets by "|" and the chosen of a multiple selection by ",".
        sets = [[chosen.split(",") for chosen in row[3].split("|")] for row in rows[::2]]
        assert sets == [
            [["surprise"], ["1", "L2", "R7"]],
            [["surprise"], ["None"]],
            [["other"], ["24"]],
            [["movement"]],
        ]
        assert [row[3] for row in rows[1::2]] == [row[3] for row in rows[::2]]
        assert "FACS 1+L2+R7; because 1+L2; reads as surprise" in rows[0][4]

    def test_tsv(self, tmp_path: Path) -> None:
        lines = written(tmp_path, "boris", "e.tsv").read_text().splitlines()
        assert lines[0] == "time\tsubject\tcode\tmodifier\tcomment"
        assert lines[2] == "0.800\tface 1\tmacro\tsurprise\tSTOP"


def test_parquet_is_read_by_arrow_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(written(tmp_path, "parquet", "e.parquet"))
    rows = table.to_pylist()
    assert [row["onset_frame"] for row in rows] == [15, 30, 36, 60]
    assert rows[1]["onset_s"] == 1.0 and rows[1]["prob_surprise"] == 0.7
    assert rows[2]["emotion"] is None and rows[2]["prob_surprise"] is None
    assert rows[1]["regions"] == ["mouth", "brow_left"]
    assert str(table.schema.field("face_id").type) == "int64"


def test_parquet_holds_units_as_structures(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(told(tmp_path, "parquet", "u.parquet")).to_pylist()
    assert [row["facs"] for row in rows] == ["1+L2+R7", "", "24", None]
    second = {"unit": "2", "side": "L", "probability": 0.75, "intensity": 0.5}
    assert rows[0]["units"][1] == second
    assert [None if row["units"] is None else len(row["units"]) for row in rows] == [3, 0, 1, None]
    assert [row["because"] for row in rows] == ["1+L2", "", "", None]
    assert [row["prototype"] for row in rows] == ["surprise", None, None, None]
    assert [row["prob_other"] for row in rows] == [0.0, 0.0, 0.0, None]


def test_workbook_holds_units_as_in_csv(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(told(tmp_path, "xlsx", "u.xlsx")).worksheets[0]
    columns = {column[0].value: column[1:] for column in sheet.iter_cols()}
    units = [cell.value for cell in columns["units"]]
    assert units == ["1:both:0.912:1 2:L:0.75:0.5 7:R:0.625:0.25", "none", "24:both:0.8:1", None]
    alone = columns["facs"][2]
    assert (alone.value, alone.data_type) == ("24", "s")  # text, not the number


def test_parquet_is_read_by_pandas(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(written(tmp_path, "parquet", "e.parquet"))
    assert frame["onset_s"].tolist() == [0.5, 1.0, 1.2, 2.0]
    assert frame["kind"].tolist() == ["macro", "micro", "micro", "micro"]
    assert frame["prob_surprise"].isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("form", "name"), [("eaf", "e.eaf"), ("boris", "e.xlsx"), ("parquet", "e.parquet")]
)
def test_the_same_events_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, name: str
) -> None:
    pytest.importorskip({"eaf": "pympi", "boris": "openpyxl", "parquet": "pyarrow"}[form])
    first = written(tmp_path, form, name).read_bytes()
    import time

    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert written(tmp_path, form, name).read_bytes() == first


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pympi", None)
    monkeypatch.setitem(sys.modules, "pympi.Elan", None)
    with pytest.raises(InstallError, match="pip install pympi-ling"):
        check_format("eaf")
    with pytest.raises(UsageError, match="no format of events"):
        check_format("docx")


@pytest.mark.parametrize("form", ["srt", "vtt", "eaf", "boris", "parquet"])
def test_a_file_name_that_is_no_text(tmp_path: Path, form: str) -> None:
    """Bytes of a name that are not UTF-8 are written as text in every format."""
    for package in {"eaf": ["pympi"], "boris": ["openpyxl"], "parquet": ["pyarrow"]}.get(form, []):
        pytest.importorskip(package)
    name = "talk\udcff.mp4"
    event = replace(make_event(), source=name)
    path = tmp_path / {"boris": "e.xlsx"}.get(form, f"e.{form}")
    write_events(form, [event], path, Media(name, f"clips/{name}"))
    if form == "parquet":
        from pyarrow import parquet

        assert parquet.read_table(path)["source"].to_pylist() == ["talk\\udcff.mp4"]
    else:
        assert path.stat().st_size
