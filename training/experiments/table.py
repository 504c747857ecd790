"""The table of an experiment, ours beside the published figures, and the curve of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib.figure import Figure

from training.experiments.definition import Experiment, Row

Found = Mapping[str, Mapping[str, Any]]  # row -> its results.json


def make_table(experiment: Experiment, found: Found) -> str:
    """Markdown. Rows that are not run yet, or never, have no figures of ours."""
    head = [experiment.x or "setting", "UF1, ours", "UAR, ours", "UF1, printed", "UAR, printed"]
    lines = [_line(head), _line(["---"] * len(head))]
    lines += [_line(_cells(row, found)) for row in experiment.rows]
    return "\n".join([f"# {experiment.title}", "", *lines, "", *_notes(experiment, found), ""])


def draw_sweep(experiment: Experiment, found: Found, path: Path) -> None:
    """UF1 and UAR over the axis, with the spread over seeds; dashed what the paper prints."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    rows = [row for row in experiment.rows if row.name in found]
    for name, colour in (("uf1", "C0"), ("uar", "C1")):
        values = [found[row.name][name] for row in rows]
        spread = [found[row.name]["spread"][name] for row in rows]
        places = [float(row.name) for row in rows]
        axes.errorbar(places, values, spread, marker="o", color=colour, label=name.upper())
        there = [(float(r.name), r.published) for r in experiment.rows if r.published is not None]
        if there:
            x, y = [place for place, _ in there], [getattr(printed, name) for _, printed in there]
            axes.plot(x, y, "--", marker="x", color=colour, label=f"{name.upper()}, printed")
    if experiment.published_best is not None:
        axes.axvline(experiment.published_best, color="grey", linestyle=":", label="paper's best")
    if max(float(row.name) for row in experiment.rows) > 8 * _least(experiment):
        if min(float(row.name) for row in experiment.rows) > 0.0:
            axes.set_xscale("log")
        else:  # zero has a place of its own at the left
            axes.set_xscale("symlog", linthresh=_least(experiment))
            axes.set_xlim(left=-0.3 * _least(experiment))
    axes.set_xlabel(experiment.x or "")
    axes.set_title(experiment.title, fontsize=9)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _least(experiment: Experiment) -> float:
    """The smallest number above zero on the axis."""
    return min(float(row.name) for row in experiment.rows if float(row.name) > 0.0)


def _cells(row: Row, found: Found) -> list[str]:
    run, printed = found.get(row.name), row.published
    ours = ["", ""] if run is None else [_figure(run, "uf1"), _figure(run, "uar")]
    theirs = ["", ""] if printed is None else [_short(printed.uf1), _short(printed.uar)]
    return [row.name, *ours, *theirs]


def _figure(run: Mapping[str, Any], name: str) -> str:
    spread = run["spread"][name]
    return _short(run[name]) + (f" ± {_short(spread)}" if len(run["seeds"]) > 1 else "")


def _notes(experiment: Experiment, found: Found) -> list[str]:
    notes = []
    for run in list(found.values())[:1]:
        label = f", {run['label']}" if run["label"] else ""
        notes.append(
            f"Ours: {', '.join(run['per_dataset'])}, {run['n']} clips, {run['subjects']} subjects, "
            f"protocol {run['protocol']}{label}, {len(run['seeds'])} seed(s), pooled over all "
            "held-out subjects."
        )
    if experiment.published_on:
        notes.append(
            f"Printed: {experiment.published_on}, as the paper has it (leave one subject out; how "
            "epochs were chosen is not said). Figures on other data cannot be compared."
        )
    if experiment.note:
        notes.append(experiment.note)
    return [f"{note}  " for note in notes]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
