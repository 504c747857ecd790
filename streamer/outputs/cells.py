"""Cells of tables that a spreadsheet must not take for formulas.

A spreadsheet runs a text that begins with = + - @ (also in their full-width forms, and behind
blanks), a tab or a line end as a formula. Such a text gets an apostrophe in front, as OWASP
recommends for CSV; `true_text` takes it away again, so that our own readers get the text as it was.
Numbers are not text and stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

_T = TypeVar("_T")
# Blanks and characters without a width do not count for every spreadsheet. Texts that begin with
# apostrophes before such a beginning get one more, or they could not be told from ours.
_BLANK = r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b]"
_FORMULA = re.compile(rf"'*(?:[\t\r\n]|{_BLANK}*{_SIGN})")


def safe_cell(value: _T) -> _T | str:
    """A value for a cell of CSV or TSV; only text can change.

    >>> safe_cell("=1+1"), safe_cell(-3.5), safe_cell("clip.mp4")
    ("'=1+1", -3.5, 'clip.mp4')
    """
    return "'" + value if isinstance(value, str) and is_formula(value) else value


def true_text(cell: str) -> str:
    """The text that `safe_cell` was given."""
    return cell[1:] if cell.startswith("'") and is_formula(cell) else cell


def csv_line(cells: Iterable[object], delimiter: str = ",") -> str:
    """One row of a table, with its line end; a line end of either kind in a cell is quoted."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue()[:-2] + "\n"


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take `text` for a formula, or `true_text` would change it."""
    return _FORMULA.match(text) is not None


def complete_lines(stream: Iterable[str]) -> Iterator[str]:
    """The lines of a table; one that is being written at this moment is left out."""
    return (line for line in stream if line.endswith(("\n", "\r")))
