"""One sheet of text and numbers as .xlsx: no formula, and the same rows give the same bytes."""

from __future__ import annotations

import datetime
import importlib
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from streamer.core.errors import InstallError
from streamer.outputs.cells import is_formula

_CURE = 'Workbooks (.xlsx) cannot be written ({reason}): pip install openpyxl (or "{extra}").'
_NEVER = datetime.datetime(1980, 1, 1)  # the same events give the same file


def import_openpyxl() -> Any:
    """The module, or InstallError that says how to get it."""
    try:
        return importlib.import_module("openpyxl")
    except ImportError as error:
        raise InstallError(_CURE.format(reason=error, extra="mer-stream[batch]")) from None


def workbook(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A sheet "events" with a header line. None is an empty cell. Raises InstallError."""
    book = import_openpyxl().Workbook()
    sheet = book.active
    sheet.title = "events"
    for row in (columns, *rows):
        sheet.append(list(row))
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # never a formula, and a spreadsheet shows it as text
                cell.quotePrefix = is_formula(cell.value)
    written = io.BytesIO()
    book.save(written)
    return _without_dates(written)


def _without_dates(written: io.BytesIO) -> bytes:
    """The workbook without the moment it was made."""
    timeless = io.BytesIO()
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(timeless, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _core_properties()
            entry = zipfile.ZipInfo(name, _NEVER.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, data)
    return timeless.getvalue()


def _core_properties() -> bytes:
    packaging = importlib.import_module("openpyxl.packaging.core")
    functions = importlib.import_module("openpyxl.xml.functions")
    properties = packaging.DocumentProperties(creator="mer-stream", created=_NEVER, modified=_NEVER)
    return bytes(functions.tostring(properties.to_tree()))
