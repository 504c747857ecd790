"""What a comparison table is: a YAML file of rows, each a method beside its printed figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamer.core.errors import UsageError
from streamer.core.settings import fill, load_yaml

FOLDER = Path(__file__).parent / "definitions"
Part = Literal["full", "casme2", "smic", "samm"]


@dataclass(frozen=True, slots=True)
class Figures:
    """UF1 and UAR as the paper prints them."""

    uf1: float
    uar: float


@dataclass(frozen=True, slots=True)
class BenchRow:
    """A line of the table; without `method` it stands there as printed only."""

    name: str
    printed: Mapping[Part, Figures]
    method: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """One table of a paper. `average`: it has a column with the mean over its parts."""

    title: str
    parts: tuple[Part, ...]
    rows: tuple[BenchRow, ...]
    average: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if not self.rows or not self.parts:
            raise ValueError("a table needs rows and parts")
        for row in self.rows:
            if lacking := set(self.parts) - set(row.printed):
                raise ValueError(f"row {row.name} prints nothing for {', '.join(sorted(lacking))}")


def load_bench(name: str) -> Bench:
    """One of the package's tables by name, or a YAML file.

    Raises:
        UsageError: there is none, or a key or value in it is wrong.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise UsageError(f"table {name!r}: give one of {', '.join(names())}, or a .yaml file")
    return fill(Bench, load_yaml(path), where=str(path))


def names() -> tuple[str, ...]:
    """The tables of the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
