"""Tables of movements as users bring them: CSV with a header, errors that name file, row and cure.

Columns, in any order and case: `video`, `onset`, `offset` (frames, inclusive), and where there are
any `apex`, `kind` (micro or macro), `emotion`, `fps`, `apex_s`, `strength_iod`, `aus`, `hidden`.
Others are passed over. A comma, semicolon or tab separates cells.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.core.records import Kind
from streamer.outputs.cells import true_text

MICRO_LONGEST_S = 0.5
NEEDED = ("video", "onset", "offset")
_KINDS: Mapping[str, Kind] = {"micro": "micro", "macro": "macro", "me": "micro", "mae": "macro"}


@dataclass(frozen=True, slots=True)
class SpotRow:
    """One annotated or spotted movement; frames are inclusive, in the data set's own numbers."""

    video: str
    onset: float
    offset: float
    apex: float | None = None
    kind: Kind | None = None
    emotion: str = ""
    source: str = ""  # file and row, for messages
    apex_s: float | None = None  # where it is known finer than to the frame
    strength_iod: float | None = None  # of the motion, where it is known (injected ones)
    aus: str = ""  # action units, "1+2", where they are known
    hidden: str = ""  # why nobody could see it, where that is known

    @property
    def reversed(self) -> bool:
        """Whether it ends before it begins."""
        return self.offset < self.onset


def kind_by_length(row: SpotRow, fps: float) -> Kind:
    """Micro up to half a second, the inclusive number of frames counted."""
    return "micro" if (row.offset - row.onset + 1) / fps <= MICRO_LONGEST_S + 1e-9 else "macro"


@dataclass(frozen=True, slots=True)
class SpotTable:
    """A table as read: its rows, and the frame rates it gives by video."""

    name: str
    rows: tuple[SpotRow, ...]
    fps: Mapping[str, float]
    empty_file: bool = False


def read_spots(path: Path) -> SpotTable:
    """Movements of a CSV file. A file without a single line is an empty table.

    Raises:
        SourceNotFoundError: no such file.
        SourceFormatError: a column is missing, or a cell cannot be read.
    """
    rows, fps = [], {}
    lines = _read(path, NEEDED)
    if lines is None:
        return SpotTable(path.name, (), {}, empty_file=True)
    for number, cells in lines:
        where = f"{path}, row {number}"
        row = SpotRow(
            cells["video"],
            _frame(cells, "onset", where),
            _frame(cells, "offset", where),
            _frame(cells, "apex", where) if cells.get("apex") else None,
            _kind(cells.get("kind", ""), where),
            cells.get("emotion", "").lower(),
            where,
            _number(cells.get("apex_s", "")),
            _number(cells.get("strength_iod", "")),
            cells.get("aus", ""),
            cells.get("hidden", ""),
        )
        if not row.video:
            raise SourceFormatError(f"{where}: the video is empty: fill the cell")
        rows.append(row)
        if cells.get("fps"):
            fps[row.video] = _rate(cells["fps"], where)
    return SpotTable(path.name, tuple(rows), fps)


def read_videos(path: Path) -> Mapping[str, float | None]:
    """All videos of a data set, those without any movement included; frame rates where given.

    Raises:
        SourceNotFoundError: no such file.
        SourceFormatError: no column `video`, nothing in it, a video twice, a bad frame rate.
    """
    videos: dict[str, float | None] = {}
    for number, cells in _read(path, ("video",)) or ():
        where = f"{path}, row {number}"
        if not cells["video"] or cells["video"] in videos:
            fault = "stands there twice: remove a row" if cells["video"] else "is empty: fill it"
            raise SourceFormatError(f"{where}: the video {cells['video']} {fault}")
        videos[cells["video"]] = _rate(cells["fps"], where) if cells.get("fps") else None
    if not videos:
        raise SourceFormatError(f"{path} lists no videos: give a column `video` with their names")
    return videos


def _read(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]] | None:
    """Numbered lines as cells by column, blank ones left out; None for an empty file."""
    if not path.is_file():
        raise SourceNotFoundError(f"No table at {path}: give a CSV file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceFormatError(f"{path} cannot be read ({error}): save it as UTF-8 CSV") from None
    if not text.strip():
        return None
    first = text.lstrip().splitlines()[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=separator)
    return _cells(path, reader, needed)


def _cells(
    path: Path, reader: Iterator[list[str]], needed: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    columns: list[str] | None = None
    try:
        for number, cells in enumerate(reader, start=1):
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _columns(path, cells, needed)
                continue
            if len(cells) < len(columns):
                raise SourceFormatError(
                    f"{path}, row {number}: {len(cells)} cells, the header has {len(columns)}: "
                    "fill the row"
                )
            yield number, {n: true_text(c.strip()) for n, c in zip(columns, cells, strict=False)}
    except csv.Error as error:
        raise SourceFormatError(f"{path} is not a CSV table: {error}") from None


def _columns(path: Path, cells: Sequence[str], needed: Sequence[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    for name in needed:
        if name not in columns:
            raise SourceFormatError(
                f"{path} has no column {name!r} (it has {', '.join(columns)}): the first line must "
                f"name {', '.join(needed)}"
            )
    for name in set(columns) - {""}:
        if columns.count(name) > 1:
            raise SourceFormatError(f"{path} has two columns {name!r}: remove or rename one")
    return columns


def _frame(cells: Mapping[str, str], name: str, where: str) -> float:
    value = _number(cells[name])
    if value is None:
        raise SourceFormatError(
            f"{where}: {name} {cells[name]!r} is not a frame number: correct the cell"
        )
    return value


def _rate(text: str, where: str) -> float:
    value = _number(text)
    if value is None or value <= 0:
        raise SourceFormatError(f"{where}: fps {text!r} is not a frame rate: give e.g. 30")
    return value


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _kind(text: str, where: str) -> Kind | None:
    if not text:
        return None
    name = text.lower().split("-")[0].split("_")[0].split(" ")[0]
    if name not in _KINDS:
        raise SourceFormatError(f"{where}: kind {text!r} is unknown: write micro or macro")
    return _KINDS[name]
