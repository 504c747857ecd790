"""CASME II: two trees, two tables, odd cells, the classes of the literature."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from tests.training.datasets.trees import CASME2_HEAD, casme2, casme2_row, workbook
from training.datasets import counts, frames_of, load_dataset, repaired

ROWS = [
    casme2_row("01", "EP02_01f", 46, 59, 86, "happiness", 12),
    casme2_row("04", "EP12_01f", 10, "/", 40, "disgust", "4+L10"),
    casme2_row("05", "EP09_05f", 10, 10, 40, "disgust", "?"),
    casme2_row("05", "EP16_04f", 10, 40, 40, "others", "4"),
    casme2_row("24", "EP07_01", 10, 20, 40, "sadness", "1+2"),
    casme2_row("26", "EP03_10", 10, 20, 40, "surprise", 1),
    casme2_row("26", "EP18_44", 10, 20, 40, "repression", 14),
]


@pytest.mark.parametrize("kind", ["raw", "cropped"])
def test_native(tmp_path: Path, kind: str) -> None:
    data = load_dataset("casme2", casme2(tmp_path, ROWS, kind=kind))
    assert len(data.clips) == 7 and not data.rejected
    first = data.clips[0]
    assert first.id == "casme2/sub01/EP02_01f" and first.group == "casme2/sub01"
    assert (first.onset, first.apex, first.offset, first.fps) == (46, 59, 86, 200.0)
    assert frames_of(first).path(59).name == ("img59.jpg" if kind == "raw" else "reg_img59.jpg")
    assert first.extra["action_units"] == "12"  # a number in the table
    assert data.clips[1].extra["action_units"] == "4+L10"
    assert [clip.apex for clip in data.clips] == [59, None, None, 40, 20, 20, 20]
    notes = repaired(data)
    assert len(notes) == 2  # "/" and onset = apex; apex = offset needs no repair
    assert "row 3" in notes[0] and "no apex" in notes[0]
    assert "apex 10 is the onset itself" in notes[1]


def test_three_classes_are_the_part_of_megc2019(tmp_path: Path) -> None:
    data = load_dataset("casme2", casme2(tmp_path, ROWS), 3)
    assert counts(data) == {"casme2": {"negative": 1, "positive": 1, "surprise": 1}}
    reasons = {row.source.rsplit("row ", 1)[1]: row.reason for row in data.rejected}
    assert "left out of the three classes" in reasons["3"] and "apex" in reasons["4"]
    assert "'others'" in reasons["5"] and "'sadness'" in reasons["6"]


def test_five_classes(tmp_path: Path) -> None:
    data = load_dataset("casme2", casme2(tmp_path, ROWS), 5)
    expected = {"happiness": 1, "disgust": 2, "others": 1, "surprise": 1, "repression": 1}
    assert counts(data)["casme2"] == expected
    assert len(data.rejected) == 1  # sadness


def test_table_of_2019_counts_as_in_2014(tmp_path: Path) -> None:
    """Three clips of subject 24 are surprise in 2019; MEGC 2019 took them as sadness."""
    later = [
        casme2_row("24", name, 10, 20, 40, "surprise", 1)
        for name in ("EP07_01", "EP07_04f", "EP10_03", "EP18_03")
    ]
    casme2(tmp_path, later, table="CASME2-coding-20190701.xlsx")
    assert counts(load_dataset("casme2", tmp_path)) == {"casme2": {"surprise": 4}}
    three = load_dataset("casme2", tmp_path, 3)
    assert [clip.id for clip in three.clips] == ["casme2/sub24/EP18_03"]
    assert len(three.rejected) == 3


def test_the_older_table_is_preferred_and_raw_frames_too(tmp_path: Path) -> None:
    casme2(tmp_path, ROWS[:1], kind="cropped", table="CASME2-coding-20190701.xlsx")
    casme2(tmp_path, ROWS[:1])
    clip = load_dataset("casme-ii", tmp_path).clips[0]
    assert "20140508" in clip.extra["source"] and "RAW" in str(clip.path)


def test_edited_copy_without_blank_columns(tmp_path: Path) -> None:
    casme2(tmp_path, ROWS[:1])
    head = [name for name in CASME2_HEAD if name]
    plain = [[1, "EP02_01f", 46, 59, 86, "12", "happiness"]]  # the subject became a number
    workbook(tmp_path / "CASME2-coding-20140508.xlsx", {"Tabelle1": [head, *plain]})
    assert load_dataset("casme2", tmp_path).clips[0].id == "casme2/sub01/EP02_01f"


def test_doubled_archive_folder(tmp_path: Path) -> None:
    casme2(tmp_path / "CASME2_RAW_selected", ROWS[:1])
    assert len(load_dataset("casme2", tmp_path).clips) == 1


def test_rows_that_cannot_be_used_are_listed(tmp_path: Path) -> None:
    casme2(tmp_path, ROWS)
    table = tmp_path / "CASME2-coding-20140508.xlsx"
    bad = [
        ROWS[0],
        ROWS[0],  # a double
        casme2_row("09", "EP00_00", 1, 2, 3, "happiness", 12),  # no frames
        casme2_row("01", "EP02_01f", 300, 310, 320, "happiness", 12),  # other frames
        casme2_row("01", "EP02_01f", "x", 59, 86, "happiness", 12),
        casme2_row("01", "", 46, 59, 86, "happiness", 12),
        casme2_row("01", "EP02_01f", 46, 59, 86, "", 12),
    ]
    workbook(table, {"Sheet1": [CASME2_HEAD, *bad]})
    data = load_dataset("casme2", tmp_path)
    assert len(data.clips) == 1
    assert [row.source for row in data.rejected] == [
        f"{table}, sheet Sheet1, row {number}" for number in (3, 4, 5, 6, 7, 8)
    ]
    wanted = [
        "stands already in",
        "EP00_00 not found: unpack",
        "only 0 of the frames 300..320",
        "the onset is not a number",
        "name is empty",
        "has no emotion",
    ]
    for row, words in zip(data.rejected, wanted, strict=True):
        assert words in row.reason


def test_faults_of_the_whole_tree(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="is not a folder"):
        load_dataset("casme2", tmp_path / "gone")
    with pytest.raises(SourceNotFoundError, match="no table of CASME II"):
        load_dataset("casme2", tmp_path)
    (tmp_path / "CASME2-coding-20140508.xls").touch()
    with pytest.raises(SourceNotFoundError, match=r"old format, save it as \.xlsx"):
        load_dataset("casme2", tmp_path)
    table = workbook(tmp_path / "CASME2-coding-20140508.xlsx", {"Sheet1": [CASME2_HEAD]})
    with pytest.raises(SourceNotFoundError, match="no frames of CASME II"):
        load_dataset("casme2", tmp_path)
    casme2(tmp_path, ROWS[:1])
    workbook(table, {"Sheet1": [CASME2_HEAD[:-1], ROWS[0]]})
    with pytest.raises(SourceFormatError, match="'Estimated Emotion'"):
        load_dataset("casme2", tmp_path)
    workbook(table, {"Sheet1": [CASME2_HEAD, casme2_row("09", "x", 1, 2, 3, "fear", 1)]})
    with pytest.raises(SourceFormatError, match=r"no usable clip .* row 2: .* not found"):
        load_dataset("casme2", tmp_path)
    workbook(tmp_path / "copy" / table.name, {"Sheet1": [CASME2_HEAD]})
    with pytest.raises(UsageError, match="several tables"):
        load_dataset("casme2", tmp_path)
