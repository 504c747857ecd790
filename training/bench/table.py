"""A comparison table as Markdown: ours beside the printed figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.bench.definition import Bench, BenchRow, Figures, Part
from training.common.markdown import grid, pair
from training.loso.folds import GROUPS
from training.loso.registry import MODELS, find_method
from training.loso.table import COMPOSITE, PARTS, TITLES

Found = Mapping[str, Mapping[str, Any]]  # row -> its results.json


def make_table(bench: Bench, found: Found, missing: Mapping[str, str]) -> str:
    """UF1/UAR. Ours is empty for data that is not at hand, and for a row that did not run."""
    notes = [f"{note}  " for note in notes_of(bench, found, missing)]
    return "\n".join([f"# {bench.title}", "", *grid(*cells_of(bench, found)), "", *notes, ""])


def cells_of(bench: Bench, found: Found) -> tuple[list[str], list[list[str]]]:
    """Head and rows; data that the paper has not gets a column of ours at the end."""
    head = ["method", "reads", "epochs", "s a fold"]
    for part in bench.parts:
        head += [f"{TITLES[part]}, ours", "printed"]
    if bench.average:
        head += ["average, ours", "printed"]
    more = sorted({name for run in found.values() for name in run["per_dataset"]} - set(PARTS))
    rows = [_row(bench, row, found.get(row.name), more) for row in bench.rows]
    return [*head, *(f"{name}, ours" for name in more)], rows


def ours(run: Mapping[str, Any] | None, part: Part) -> Figures | None:
    """Our figures of a part; "full" only of all three data sets of the composite."""
    if run is None:
        return None
    parts = run["per_dataset"]
    if part == "full":
        return _figures(run) if set(parts) >= COMPOSITE else None
    return _figures(parts[part]) if part in parts else None


def _figures(cell: Mapping[str, Any]) -> Figures:
    return Figures(float(cell["uf1"]), float(cell["uar"]))


def _row(
    bench: Bench, row: BenchRow, run: Mapping[str, Any] | None, more: Sequence[str]
) -> list[str]:
    reads = find_method(row.method).reads if row.method in MODELS else ""
    cells = [row.name, reads, *_effort(run)]
    both = [(ours(run, part), row.printed[part]) for part in bench.parts]
    for own, printed in both:
        cells += [_text(own), _text(printed)]
    if bench.average:
        cells += [_text(_mean([own for own, _ in both])), _text(_mean([p for _, p in both]))]
    parts = {} if run is None else run["per_dataset"]
    return cells + [_text(_figures(parts[name])) if name in parts else "" for name in more]


def _effort(run: Mapping[str, Any] | None) -> list[str]:
    """Epochs, and seconds of training for a fold."""
    if run is None:
        return ["", ""]
    trainings = max(run["folds"] * len(run["seeds"]), 1)
    return [run["epochs"].removeprefix("fixed, "), f"{run['training_s'] / trainings:.2g}"]


def _mean(values: Sequence[Figures | None]) -> Figures | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    count = len(known)
    return Figures(sum(v.uf1 for v in known) / count, sum(v.uar for v in known) / count)


def _text(value: Figures | None) -> str:
    return "" if value is None else pair(value.uf1, value.uar)


def _left_out(run: Mapping[str, Any]) -> str:
    return f"{GROUPS} groups of subjects" if run["kind"] == "grouped" else "each subject"


def notes_of(bench: Bench, found: Found, missing: Mapping[str, str]) -> list[str]:
    """What stands below the table."""
    notes = []
    for run in list(found.values())[:1]:
        label = f" ({run['label']})" if run["label"] else ""
        notes.append(
            f"Ours: {', '.join(TITLES.get(n, n) for n in run['per_dataset'])} together, "
            f"{run['n']} clips, {run['subjects']} subjects, leaving out {_left_out(run)}, protocol "
            f"{run['protocol']}{label}, {len(run['seeds'])} seed(s); scores pooled over all "
            "held-out subjects."
        )
        lacking = [p for p in bench.parts if p != "full" and p not in run["per_dataset"]]
        if lacking:
            notes.append(f"Not at hand: {', '.join(TITLES[p] for p in lacking)}.")
    notes.append(
        "Printed: as in the paper (leave one subject out; how epochs were chosen is not stated "
        "for every method)."
    )
    by_reason: dict[str, list[str]] = {}
    for name, reason in missing.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, who in by_reason.items():
        notes.append(f"Without figures of ours: {', '.join(who)} ({reason}).")
    return [*notes, bench.note] if bench.note else notes
