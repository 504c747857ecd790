"""Recordings of real people to inject into: a folder with an `index.csv`, split by person.

Columns needed: `file`, `person`, `train` (yes or no); read where there are any: `motion` (calm,
listening, talking, strong), `repeated_picture_share`, `negative` (no: what moves in it by itself
is unknown). Others are passed over. Recordings whose person is `train = no` are the test people.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from streamer.outputs.cells import true_text

INDEX = "index.csv"
Split = Literal["train", "test", "all"]
SPLITS: tuple[Split, ...] = get_args(Split)
MOST_REPEATED = 0.05  # a larger share of repeated pictures: converted from another frame rate
_NEEDED = ("file", "person", "train")
# Posed expressions: something may move in them by itself that nobody has labelled.
_POSED = ("Asixa_",)


@dataclass(frozen=True, slots=True)
class Base:
    """One recording of one person."""

    path: Path
    person: str
    train: bool
    motion: str  # calm, listening, talking, strong; "" where it is not told
    repeated_share: float  # of the pictures that repeat the one before
    negative: bool  # False: may hold an expression of its own, so nothing found in it is false

    @property
    def converted(self) -> bool:
        """Whether pictures are repeated by a conversion of the frame rate."""
        return self.repeated_share > MOST_REPEATED


def read_bases(folder: Path, split: Split = "all", people: Sequence[str] = ()) -> list[Base]:
    """Recordings of a folder in the order of its index: those of a split, or of some people.

    Raises:
        SourceNotFoundError: no index, a file of it, or a person is missing; nothing is left.
        SourceFormatError: a column is missing, a cell cannot be read, a person is in both splits.
    """
    bases = [_base(folder, where, row) for where, row in _rows(folder / INDEX)]
    _check_split(folder, bases)
    known = {base.person for base in bases}
    if lacking := [person for person in people if person not in known]:
        raise SourceNotFoundError(f"{folder / INDEX} knows no person {', '.join(lacking)}")
    wanted = [
        base
        for base in bases
        if (split == "all" or base.train == (split == "train"))
        and (not people or base.person in people)
    ]
    if not wanted:
        raise SourceNotFoundError(f"{folder / INDEX} lists nobody for --split {split}")
    return wanted


def _rows(path: Path) -> list[tuple[str, Mapping[str, str]]]:
    if not path.is_file():
        raise SourceNotFoundError(f"No index at {path}: give a folder with recordings and a table")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceFormatError(f"{path} cannot be read ({error}): save it as UTF-8 CSV") from None
    columns = rows[0].keys() if rows else ()
    for name in _NEEDED:
        if name not in columns:
            raise SourceFormatError(f"{path} has no column {name!r}, or no rows: add it")
    return [(f"{path}, row {number}", row) for number, row in enumerate(rows, start=2)]


def _base(folder: Path, where: str, row: Mapping[str, str | None]) -> Base:
    cells = {name: true_text((cell or "").strip()) for name, cell in row.items() if name}
    name, person, train = (cells[column] for column in _NEEDED)
    if train not in ("yes", "no") or not person or not person.isalnum():
        raise SourceFormatError(
            f"{where}: person {person!r}, train {train!r}: write letters and digits, and yes or no"
        )
    if not name or Path(name).name != name:
        raise SourceFormatError(f"{where}: {name!r} is not the name of a file in {folder}")
    if not (folder / name).is_file():
        raise SourceNotFoundError(f"{where}: no recording {folder / name}")
    return Base(
        folder / name,
        person,
        train == "yes",
        cells.get("motion", ""),
        _share(cells.get("repeated_picture_share", ""), where),
        cells.get("negative", "no" if name.startswith(_POSED) else "yes") != "no",
    )


def _share(cell: str, where: str) -> float:
    try:
        share = float(cell or 0.0)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise SourceFormatError(f"{where}: repeated_picture_share {cell!r}: give a share of 0 to 1")
    return share


def _check_split(folder: Path, bases: Sequence[Base]) -> None:
    """A person is trained on or not, never both."""
    trained = {base.person for base in bases if base.train}
    both = trained & {base.person for base in bases if not base.train}
    if both:
        raise SourceFormatError(
            f"{folder / INDEX}: {', '.join(sorted(both))} with train yes and no: choose one"
        )
