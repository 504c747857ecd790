"""Dialects of tables: what stands between cells, the decimal point, and whether a BOM comes first.

Spreadsheets read a CSV file by the customs of their country: where a comma is the decimal point,
they take "1.7" for the first of July and put a whole line of a comma-separated file into one cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from streamer.outputs.cells import csv_line

CsvDialect = Literal["excel-eu"]
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written."""

    delimiter: str = ","
    decimal: str = "."
    bom: bool = False  # Excel takes a file without it for one of its code page

    def head(self, columns: Iterable[str]) -> str:
        """The first line of a file.

        >>> EXCEL_EU.head(["onset_s", "kind"])
        '\\ufeffonset_s;kind\\n'
        """
        return (BOM if self.bom else "") + csv_line(columns, self.delimiter)

    def line(self, cells: Iterable[object]) -> str:
        """One row; numbers get the decimal point of the dialect.

        >>> EXCEL_EU.line([1.5, 3, "a;b"])
        '1,5;3;"a;b"\\n'
        """
        return csv_line(map(self._cell, cells), self.delimiter)

    def _cell(self, value: object) -> object:
        if self.decimal == "." or not isinstance(value, float):
            return value
        return repr(float(value)).replace(".", self.decimal)


COMMA = Dialect()
TAB = Dialect("\t")
EXCEL_EU = Dialect(";", ",", bom=True)


def dialect_of(form: str | None, name: CsvDialect | None = None) -> Dialect:
    """The dialect of a format (`tsv`, else CSV) where `name` was asked for."""
    if form == "tsv":
        return TAB
    return EXCEL_EU if name == "excel-eu" else COMMA


def dialect_by(head: str) -> Dialect:
    """The dialect of a table that was read, by its first line; a BOM is left out of account.

    >>> dialect_by("schema;id;source") == Dialect(";", ",")
    True
    """
    if "\t" in head:
        return TAB
    return Dialect(";", ",") if ";" in head else COMMA
