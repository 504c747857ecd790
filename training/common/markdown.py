"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The lines of `grid` as one text."""
    return "\n".join(grid(head, rows))


def short(value: float | None, digits: int = 3) -> str:
    """.123, or a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}".removeprefix("0")


def pair(uf1: float, uar: float) -> str:
    """UF1/UAR, as .123/.456."""
    return f"{short(uf1)}/{short(uar)}"
