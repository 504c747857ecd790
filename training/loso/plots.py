"""Plots of a run: confusion matrix, recall per subject, t-SNE of the features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.loso.scoring import subject_hits
from training.records import Prediction

_MIN_TSNE = 8  # clips


def draw_plots(
    folder: Path,
    predictions: Sequence[Prediction],
    features: Mapping[str, NDArray[np.float32]],
    confusion: Sequence[Sequence[int]],
    classes: Sequence[str],
    title: str,
) -> tuple[Path, ...]:
    """PNG files in `folder`; t-SNE only where the model has features."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [
        _save(_confusion(confusion, classes, title), folder / "confusion.png"),
        _save(_recall(subject_hits(predictions, classes), title), folder / "subject_recall.png"),
    ]
    known = [p for p in predictions if p.clip_id in features]
    if len(known) >= _MIN_TSNE:
        stacked = np.stack([features[p.clip_id] for p in known])
        figure = _tsne(stacked, [p.truth for p in known], classes, title)
        drawn.append(_save(figure, folder / "tsne.png"))
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


def _save(figure: Figure, path: Path) -> Path:
    temporary = path.with_name(f".{path.name}.tmp")
    figure.savefig(temporary, format="png", dpi=130)
    temporary.replace(path)
    return path
