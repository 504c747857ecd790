"""Tables as data sets hand them out: a header somewhere, blank columns, numbers as text.

Columns are found by name, never by position, so edited copies without the blank columns read the
same. A cell keeps the row it came from: every message can name file, sheet and row.
"""

from __future__ import annotations

import csv
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamer.core.errors import InstallError, SourceFormatError, SourceNotFoundError
from streamer.outputs.cells import true_text

Columns = Mapping[str, tuple[str, ...]]  # our name -> the names it goes by in the file
Grid = list[tuple[int, tuple[object, ...]]]  # row number as the spreadsheet shows it, its cells

HEADER_SEARCH_ROWS = 40  # SAMM's header stands on row 14


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; `source` names file, sheet and row."""

    source: str
    cells: Mapping[str, object]

    def text(self, column: str) -> str:
        """The cell as text, "" where it is empty or the table has no such column."""
        return text_of(self.cells.get(column))

    def whole(self, column: str) -> int | None:
        """The cell as a whole number (fractions rounded, halves up); None where it is none."""
        return whole_of(self.cells.get(column))


def text_of(value: object) -> str:
    """A cell as printed: 12.0 is "12", an empty cell ""."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def whole_of(value: object) -> int | None:
    """A cell as a whole number, halves up; None for "/", "MISSING <-426679" and the like.

    >>> whole_of("46"), whole_of(45.5), whole_of("/")
    (46, 46, None)
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value if isinstance(value, int | float) else str(value))
    except ValueError:
        return None
    return math.floor(number + 0.5) if math.isfinite(number) else None


def read_rows(path: Path, sheet: str | None, required: Columns, optional: Columns) -> list[Row]:
    """Rows under the header, which is the first row that names all required columns.

    A row whose required cells are all empty is no row. `sheet` None takes the only or first sheet;
    a workbook of a single sheet is read whatever that sheet is called.

    Raises:
        SourceNotFoundError: no such file.
        SourceFormatError: no table, or a sheet or column is missing.
    """
    name, grid = read_grid(path, sheet)
    places, header_row = _header(path, name, grid, required, optional)
    rows = []
    for number, cells in grid:
        if number <= header_row:
            continue
        named = {key: cells[at] for key, at in places.items() if at < len(cells)}
        if any(text_of(named.get(key)) for key in required):
            rows.append(Row(source_name(path, name, number), named))
    return rows


def read_grid(path: Path, sheet: str | None) -> tuple[str, Grid]:
    """Name of the sheet ("" for CSV) and all its rows that hold anything.

    Raises:
        SourceNotFoundError: no such file.
        SourceFormatError: not a table, or the sheet is missing.
    """
    if not path.is_file():
        raise SourceNotFoundError(f"{path} not found: give the folder that holds this table")
    if path.suffix.lower() == ".csv":
        return "", _csv_grid(path)
    return _workbook_grid(path, sheet)


def source_name(path: Path, sheet: str, row: int) -> str:
    """How messages call a row."""
    return f"{path}, sheet {sheet}, row {row}" if sheet else f"{path}, row {row}"


def _csv_grid(path: Path) -> Grid:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceFormatError(f"{path} is not UTF-8 text: save it as CSV UTF-8") from error
    rows = csv.reader(text.splitlines())
    try:
        numbered = [(n, tuple(map(true_text, row))) for n, row in enumerate(rows, start=1)]
    except csv.Error as error:
        raise SourceFormatError(f"{path} is no table ({error}): save it as CSV UTF-8") from error
    return [(n, row) for n, row in numbered if any(cell.strip() for cell in row)]


def _workbook_grid(path: Path, sheet: str | None) -> tuple[str, Grid]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise InstallError(f'{path} needs openpyxl: pip install "mer-stream[train]"') from error
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise SourceFormatError(
            f"{path} cannot be read as an Excel workbook ({error}): open it in a spreadsheet "
            "program and save it as .xlsx"
        ) from error
    try:
        name = _sheet_name(path, book.sheetnames, sheet)
        page = book[name]
        page.reset_dimensions()  # the size that the file claims may be wrong
        rows = enumerate(page.iter_rows(values_only=True), start=1)
        return name, [(n, tuple(cells)) for n, cells in rows if any(map(text_of, cells))]
    finally:
        book.close()


def _sheet_name(path: Path, names: list[str], wanted: str | None) -> str:
    if wanted is None or len(names) == 1:
        return names[0]
    for name in names:
        if _key(name) == _key(wanted):
            return name
    raise SourceFormatError(
        f"{path} has no sheet {wanted!r}, only {', '.join(names)}: use the table as it was handed "
        "out, or rename the sheet"
    )


def _header(
    path: Path, sheet: str, grid: Grid, required: Columns, optional: Columns
) -> tuple[dict[str, int], int]:
    """Column of each of our names, and the row of the header."""
    best: tuple[int, int, list[str]] = (-1, 1, list(required))
    for number, cells in grid:
        if number > HEADER_SEARCH_ROWS:
            break
        found = dict(_places(cells, required))
        if len(found) == len(required):
            return {**dict(_places(cells, optional)), **found}, number
        lacking = [names[0] for key, names in required.items() if key not in found]
        if len(found) > best[0]:
            best = (len(found), number, lacking)
    columns = ", ".join(repr(name) for name in best[2])
    raise SourceFormatError(
        f"{source_name(path, sheet, best[1])}: the column(s) {columns} are missing: use the table "
        "as it was handed out, or add them to its header"
    )


def _places(cells: tuple[object, ...], columns: Columns) -> Iterator[tuple[str, int]]:
    keys = [_key(text_of(cell)) for cell in cells]
    for ours, theirs in columns.items():
        for name in theirs:
            if _key(name) in keys:
                yield ours, keys.index(_key(name))
                break


def _key(name: str) -> str:
    """Names are compared without case, spaces and punctuation: "Onset Frame" is "OnsetFrame"."""
    return re.sub(r"[\W_]+", "", name).lower()
