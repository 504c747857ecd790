"""What a finished run leaves behind: results.json, table.md, plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.common.files import write_json, write_text
from training.common.plots import save_figure
from training.common.records import Prediction
from training.loso.config import LosoConfig, Recipe
from training.loso.run_folder import Outcome
from training.loso.scoring import ORACLE, pool, score_run, subject_hits, summarise
from training.loso.selection import Selection
from training.loso.table import make_table

RESULTS, TABLE, PLOTS = "results.json", "table.md", "plots"
_MIN_TSNE = 8  # clips


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
    """How many epochs were trained, and how that was decided."""
    if recipe.epochs == 0:
        return "none"
    if recipe.protocol == "clean" and not recipe.nested:
        return f"fixed, {recipe.epochs}"
    epochs = [outcome.epoch for outcome in outcomes]
    how = "chosen on the held-out subject" if recipe.protocol == "published" else "inner split"
    return f"{how}, {min(epochs)}-{max(epochs)}, median {int(np.median(epochs))}"


def combine(output: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """The table and the figures of several models together."""
    write_text(output / TABLE, make_table(runs))
    write_json(output / RESULTS, {"models": {run["model"]: run for run in runs}})


def draw_plots(
    folder: Path,
    predictions: Sequence[Prediction],
    features: Mapping[str, NDArray[np.float32]],
    confusion: Sequence[Sequence[int]],
    classes: Sequence[str],
    title: str,
) -> tuple[Path, ...]:
    """PNG files in `folder`; t-SNE only where the model has features."""
    drawn = [
        save_figure(_confusion(confusion, classes, title), folder / "confusion.png", dpi=130),
        save_figure(
            _recall(subject_hits(predictions, classes), title),
            folder / "subject_recall.png",
            dpi=130,
        ),
    ]
    known = [p for p in predictions if p.clip_id in features]
    if len(known) >= _MIN_TSNE:
        stacked = np.stack([features[p.clip_id] for p in known])
        figure = _tsne(stacked, [p.truth for p in known], classes, title)
        drawn.append(save_figure(figure, folder / "tsne.png", dpi=130))
    return tuple(drawn)


def _confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str], title: str) -> Figure:
    counts = np.array(matrix)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(4.5, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(classes)):
        for column in range(len(classes)):
            colour = "white" if share[row, column] > 0.5 else "black"
            text = f"{counts[row, column]}\n{share[row, column]:.0%}"
            axes.text(column, row, text, ha="center", va="center", color=colour)
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="recognised as", ylabel="truth", title=title)
    return figure


def _recall(hits: Mapping[str, tuple[int, int]], title: str) -> Figure:
    names = sorted(hits)
    figure = Figure(figsize=(max(5.0, 0.24 * len(names)), 3.6), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(len(names)), [hits[name][0] / hits[name][1] for name in names])
    axes.set_xticks(
        range(len(names)), [f"{name} ({hits[name][1]})" for name in names], rotation=90, fontsize=6
    )
    axes.set(ylim=(0, 1), ylabel="share of clips recognised", title=title)
    return figure


def _tsne(
    features: NDArray[np.float32], truth: Sequence[str], classes: Sequence[str], title: str
) -> Figure:
    """Every clip by the network that did not see it: networks differ a little from fold to fold."""
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(features) - 1) / 3)
    points = TSNE(perplexity=perplexity, random_state=0).fit_transform(features)
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axes = figure.subplots()
    for name in classes:
        own = np.array([label == name for label in truth])
        axes.scatter(points[own, 0], points[own, 1], s=10, label=name)
    figure.legend(loc="outside lower center", ncols=len(classes), fontsize=8)  # over no point
    axes.set(title=f"{title}\nt-SNE of held-out features", xticks=[], yticks=[])
    return figure
