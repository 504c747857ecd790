"""`table.md`: our figures beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamer.core.records import EMOTIONS
from training.loso.published import NOTES, PARTS, ROWS, Published
from training.loso.results import ORACLE

_TITLES = {"full": "full", "smic": "SMIC", "casme2": "CASME II", "samm": "SAMM"}
_COMPOSITE = set(PARTS) - {"full"}


def make_table(runs: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of runs (results.json of each) above the published rows.

    Our figures stand under "full" only where all three data sets of the composite were used. The
    published rows are of three classes, left out by subject: they stand beside such runs alone.
    """
    datasets = sorted({name for run in runs for name in run["per_dataset"]})
    alike = len(runs[0]["classes"]) == len(EMOTIONS) and runs[0]["kind"] != "cross"
    extra = [name for name in datasets if name not in PARTS]
    columns = [*PARTS, *extra] if alike else datasets
    whole = f"{' + '.join(_TITLES.get(name, name) for name in datasets)}, pooled"
    head = ["method", "protocol", whole, *(_TITLES.get(name, name) for name in columns)]
    rows = [row for run in runs for row in _own_rows(run, columns)]
    rows += [_published_row(row, len(extra)) for row in ROWS if alike]
    lines = [_line(head), _line(["---"] * len(head)), *map(_line, rows)]
    return "\n".join([_title(runs), "", *lines, "", *_footnotes(runs, alike), ""])


def _title(runs: Sequence[Mapping[str, Any]]) -> str:
    first = runs[0]
    return (
        f"# UF1/UAR, {first['kind']}, {len(first['classes'])} classes: {first['n']} clips, "
        f"{first['subjects']} subjects"
    )


def _own_rows(run: Mapping[str, Any], columns: Sequence[str]) -> list[list[str]]:
    seeds = len(run["seeds"])
    rows = [[run["model"], _protocol(run), _mean(run), *(_part(run, c, _mean) for c in columns)]]
    if seeds > 1:
        together = [f"{run['model']}, ensemble of {seeds} seeds", _protocol(run), _ensemble(run)]
        rows.append([*together, *(_part(run, c, _ensemble) for c in columns)])
    return rows


def _protocol(run: Mapping[str, Any]) -> str:
    if run["protocol"] == "published":
        return f"published ({ORACLE})"
    return "clean"


def _part(run: Mapping[str, Any], column: str, show: Any) -> str:
    parts = run["per_dataset"]
    if column == "full":
        return show(run) if set(parts) == _COMPOSITE and run["kind"] == "composite" else ""
    return show(parts[column]) if column in parts else ""


def _mean(figures: Mapping[str, Any]) -> str:
    spread = figures["spread"]
    if spread["uf1"] == 0.0 and spread["uar"] == 0.0:
        return f"{_short(figures['uf1'])}/{_short(figures['uar'])}"
    return (
        f"{_short(figures['uf1'])}±{_short(spread['uf1'])}/"
        f"{_short(figures['uar'])}±{_short(spread['uar'])}"
    )


def _ensemble(figures: Mapping[str, Any]) -> str:
    return f"{_short(figures['ensemble']['uf1'])}/{_short(figures['ensemble']['uar'])}"


def _published_row(row: Published, extra: int) -> list[str]:
    notes = "".join(f" [{note}]" for note in row.notes)
    figures = [row.full, row.smic, row.casme2, row.samm]
    return [row.method + notes, "as printed", "", *figures, *[""] * extra]


def _footnotes(runs: Sequence[Mapping[str, Any]], alike: bool) -> list[str]:
    ours = "Rows above the printed ones are ours" if alike else "All rows are ours"
    notes = [f"[{number}] {text}.  " for number, text in NOTES.items() if alike]
    notes.append(
        f"{ours}: mean and standard deviation over seeds, scores pooled over all held-out subjects "
        "and a fixed list of classes.  "
    )
    if alike:
        notes.append(
            "Published rows without a note give their protocol no further than "
            "leave-one-subject-out on the 442 clips; parts are of one composite-trained model.  "
        )
    if any(run["protocol"] == "published" for run in runs):
        notes.append(
            f"Protocol published ({ORACLE}): the epoch is chosen on the held-out subject; only for "
            "comparison with figures made so.  "
        )
    return notes


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
