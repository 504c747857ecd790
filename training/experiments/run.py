"""`mer-train ablate` and `mer-train sweep`: every row through the benchmark, then one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from streamer.core.settings import dump_yaml
from training.experiments.definition import Experiment, Row, run_of
from training.experiments.table import draw_sweep, make_table
from training.loso.config import LosoConfig
from training.loso.run import run_loso
from training.loso.store import write_json, write_text

SETTINGS, TABLE, FIGURES, PLOT = "selfme.yaml", "table.md", "experiment.json", "sweep.png"


def run_experiment(
    experiment: Experiment,
    config: LosoConfig,
    start: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> str:
    """Runs the rows that lack, and returns the table; it is written anew after every row.

    `config` says where the data and the output are and under which protocol; its model is set here.
    Rows that are finished in the output folder are not run again.

    Raises:
        UsageError, OutputError, ModelError and what the benchmark raises.
    """
    runs = {
        row.name: run_of(experiment, row, start, changes)
        for row in experiment.rows
        if row.set is not None
    }  # all rows are checked before the first is trained
    found: dict[str, Mapping[str, Any]] = {}
    for row in experiment.rows:
        if row.name not in runs:
            continue
        folder = config.output / slug(row)
        write_text(folder / SETTINGS, dump_yaml(runs[row.name]))
        model = f"selfme@{folder / SETTINGS}"
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
