"""`mer-train ablate` and `mer-train sweep`: every row through the benchmark, then one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from streamer.core.settings import dump_yaml
from training.common.files import write_json, write_text
from training.common.markdown import grid, short
from training.common.plots import save_figure
from training.experiments.definition import Experiment, Row, run_of
from training.loso.config import LosoConfig
from training.loso.registry import check_models
from training.loso.run import run_loso

Found = Mapping[str, Mapping[str, Any]]  # row -> its results.json
TABLE, FIGURES, PLOT = "table.md", "experiment.json", "sweep.png"


def run_experiment(
    experiment: Experiment,
    config: LosoConfig,
    start: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> str:
    """Runs the rows that lack, and returns the table; it is written anew after every row.

    `config` says where the data and the output are and under which protocol; its model is set here.
    `changes` do not reach rows that are another method's.
    Rows that are finished in the output folder are not run again.

    Raises:
        UsageError, OutputError, ModelError and what the benchmark raises.
    """
    runs = {
        row.name: run_of(experiment, row, start, changes)
        for row in experiment.rows
        if row.set is not None
    }  # all rows are checked before the first is trained
    for row in experiment.rows:
        if row.model is not None:
            check_models(row.model)
    found: dict[str, Mapping[str, Any]] = {}
    for row in experiment.rows:
        folder, model = config.output / slug(row), row.model
        if row.name in runs:
            settings = folder / f"{experiment.model}.yaml"
            write_text(settings, dump_yaml(runs[row.name]))
            model = f"{experiment.model}@{settings}"
        if model is None:
            continue
        found[row.name] = run_loso(replace(config, model=model, output=folder))
        _write(experiment, config, found)
    return (config.output / TABLE).read_text(encoding="utf-8")


def slug(row: Row) -> str:
    """The row's name as a folder."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", row.name).strip("-").lower() or "row"


def _write(
    experiment: Experiment, config: LosoConfig, found: Mapping[str, Mapping[str, Any]]
) -> None:
    write_text(config.output / TABLE, make_table(experiment, found))
    write_json(config.output / FIGURES, {"title": experiment.title, "rows": dict(found)})
    if experiment.x is not None:
        draw_sweep(experiment, found, config.output / PLOT)


def make_table(experiment: Experiment, found: Found) -> str:
    """Markdown. Rows that are not run yet, or never, have no figures of ours."""
    notes = [f"{note}  " for note in notes_of(experiment, found)]
    lines = grid(*cells_of(experiment, found))
    return "\n".join([f"# {experiment.title}", "", *lines, "", *notes, ""])


def cells_of(experiment: Experiment, found: Found) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table."""
    head = [experiment.x or "setting", "UF1, ours", "UAR, ours", "UF1, printed", "UAR, printed"]
    return head, [_cells(row, found) for row in experiment.rows]


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
    save_figure(figure, path, dpi=120)


def _least(experiment: Experiment) -> float:
    """The smallest number above zero on the axis."""
    return min(float(row.name) for row in experiment.rows if float(row.name) > 0.0)


def _cells(row: Row, found: Found) -> list[str]:
    run, printed = found.get(row.name), row.published
    ours = ["", ""] if run is None else [_figure(run, "uf1"), _figure(run, "uar")]
    theirs = ["", ""] if printed is None else [short(printed.uf1), short(printed.uar)]
    return [row.name, *ours, *theirs]


def _figure(run: Mapping[str, Any], name: str) -> str:
    spread = run["spread"][name]
    return short(run[name]) + (f" ± {short(spread)}" if len(run["seeds"]) > 1 else "")


def notes_of(experiment: Experiment, found: Found) -> list[str]:
    """What stands below the table."""
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
            "epochs were chosen is not stated). Figures on other data cannot be compared."
        )
    if experiment.note:
        notes.append(experiment.note)
    return notes
