"""What a finished run leaves behind: results.json, table.md, plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.loso.config import LosoConfig
from training.loso.outcome import Outcome
from training.loso.plots import draw_plots
from training.loso.results import ORACLE, score_run, summarise
from training.loso.scoring import pool
from training.loso.selection import Selection
from training.loso.settings import Recipe
from training.loso.store import write_json, write_text
from training.loso.table import make_table

RESULTS, TABLE, PLOTS = "results.json", "table.md", "plots"


def write_report(
    config: LosoConfig,
    selection: Selection,
    recipe: Recipe,
    outcomes: Sequence[Outcome],
    seeds: Sequence[int],
    extra: Mapping[str, object],
) -> dict[str, Any]:
    """Scores the outcomes and writes the files; returns what `results.json` holds."""
    truths = {
        clip: selection.classes[label]
        for clip, label in zip(selection.samples.ids, selection.samples.labels, strict=True)
    }
    scores = score_run(outcomes, seeds, truths, selection.classes, config.kind == "cross")
    results: dict[str, Any] = {
        "model": config.model,
        "protocol": config.protocol,
        "label": ORACLE if config.protocol == "published" else "",
        "kind": config.kind,
        "dataset": config.dataset,
        **summarise(scores, selection.classes),
        "epochs": epochs_text(recipe, outcomes),
        "rejected": list(selection.rejected),
        **extra,
    }
    predictions = pool(scores.parts)
    draw_plots(
        config.output / PLOTS,
        predictions,
        features_of(outcomes, seeds[0]),
        results["confusion"],
        selection.classes,
        f"{config.model}, {config.protocol}{' (oracle epoch)' * (config.protocol == 'published')}",
    )
    write_text(config.output / TABLE, make_table([results]))
    write_json(config.output / RESULTS, results)
    return results


def features_of(outcomes: Sequence[Outcome], seed: int) -> Mapping[str, NDArray[np.float32]]:
    """Clip id -> features under one seed."""
    return {
        clip: vector
        for outcome in outcomes
        if outcome.seed == seed
        for clip, vector in outcome.features.items()
    }


def epochs_text(recipe: Recipe, outcomes: Sequence[Outcome]) -> str:
    """How many epochs were trained, and on whose word."""
    if recipe.epochs == 0:
        return "none"
    if recipe.protocol == "clean" and not recipe.inner:
        return f"fixed, {recipe.epochs}"
    epochs = [outcome.epoch for outcome in outcomes]
    how = "chosen on the held-out subject" if recipe.protocol == "published" else "inner split"
    return f"{how}, {min(epochs)}-{max(epochs)}, median {int(np.median(epochs))}"


def combine(output: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """The table and the figures of several models together."""
    write_text(output / TABLE, make_table(runs))
    write_json(output / RESULTS, {"models": {run["model"]: run for run in runs}})
