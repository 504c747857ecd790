"""Tables: the header where it is, columns by name, cells of every kind, sentences for faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from tests.training.datasets.trees import workbook
from training.datasets.tables import read_rows, text_of, whole_of

WANTED = {"name": ("Filename",), "onset": ("Onset Frame", "Onset")}


@pytest.mark.parametrize(
    ("cell", "number", "text"),
    [
        (46, 46, "46"),
        ("46", 46, "46"),
        (45.5, 46, "45.5"),  # halves up, not to even
        (46.5, 47, "46.5"),
        (12.0, 12, "12"),
        ("/", None, "/"),
        ("MISSING <-426679", None, "MISSING <-426679"),
        (None, None, ""),
        (float("nan"), None, ""),
        ("nan", None, "nan"),
        (True, None, "True"),
        (" 4+L10 ", None, "4+L10"),
        ("-1", -1, "-1"),
    ],
)
def test_cells(cell: object, number: int | None, text: str) -> None:
    assert whole_of(cell) == number
    assert text_of(cell) == text


@given(st.one_of(st.none(), st.text(), st.floats(), st.integers(), st.booleans(), st.dates()))
def test_no_cell_breaks_the_reader(cell: object) -> None:
    assert isinstance(text_of(cell), str)
    assert whole_of(cell) is None or isinstance(whole_of(cell), int)


def test_header_anywhere_and_blank_rows(tmp_path: Path) -> None:
    rows = [["SAMM"], [], ["FILENAME", None, "onset_frame"], ["a", None, 1], [], ["b", 7, 2]]
    table = workbook(tmp_path / "t.xlsx", {"One": rows})
    read = read_rows(table, "any name: it is the only sheet", WANTED, {})
    assert [(row.text("name"), row.whole("onset")) for row in read] == [("a", 1), ("b", 2)]
    assert read[1].source == f"{table}, sheet One, row 6"  # as a spreadsheet shows it


def test_csv_copy(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("\ufeffFilename,Onset\na,1\n\nb,2\n", encoding="utf-8")
    read = read_rows(table, "X", WANTED, {})
    assert [row.source for row in read] == [f"{table}, row 2", f"{table}, row 4"]


def test_faults_name_file_sheet_and_column(tmp_path: Path) -> None:
    table = workbook(tmp_path / "t.xlsx", {"A": [["Filename"]], "B": [["x"], ["Filename", "Apex"]]})
    with pytest.raises(SourceFormatError, match=r"t\.xlsx has no sheet 'HS', only A, B"):
        read_rows(table, "HS", WANTED, {})
    with pytest.raises(SourceFormatError, match=r"sheet B, row 2: the column\(s\) 'Onset Frame'"):
        read_rows(table, "B", WANTED, {})
    with pytest.raises(SourceNotFoundError, match=r"gone\.xlsx"):
        read_rows(tmp_path / "gone.xlsx", None, WANTED, {})
    (tmp_path / "no.xlsx").write_text("text")
    with pytest.raises(SourceFormatError, match=r"save it as \.xlsx"):
        read_rows(tmp_path / "no.xlsx", None, WANTED, {})
    (tmp_path / "no.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceFormatError, match="CSV UTF-8"):
        read_rows(tmp_path / "no.csv", None, WANTED, {})
