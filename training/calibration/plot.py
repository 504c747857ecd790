"""The reliability diagram: share right against confidence, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.common.calibration import Reliability
from training.common.plots import save_figure

_FEW = 5  # clips


def draw_reliability(shown: Mapping[str, Mapping[str, Reliability]], path: Path) -> Path:
    """One panel per model (title -> legend -> figures); below, how many clips of each confidence.

    Bins of fewer than five clips are left out of the curve: their share means nothing.

    Raises:
        OutputError: it cannot be written.
    """
    figure = Figure(figsize=(4.6 * len(shown), 4.8), layout="constrained")
    grid = figure.subplots(
        2, len(shown), squeeze=False, sharex=True, gridspec_kw={"height_ratios": [4, 1]}
    )
    for column, (title, curves) in enumerate(shown.items()):
        upper, lower = grid[0, column], grid[1, column]
        upper.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
        for number, (name, one) in enumerate(curves.items()):
            counts = np.array(one.counts)
            edges = (np.arange(len(counts)) + 0.5) / len(counts)
            used = counts >= _FEW
            upper.plot(
                np.array(one.confidence)[used],
                np.array(one.right)[used],
                marker="o",
                label=f"{name}: error {one.error:.3f}",
            )
            width = 0.4 / len(counts)
            lower.bar(edges + (number - 0.5) * width, counts, width=width)
        upper.set(xlim=(0.3, 1.0), ylim=(0.0, 1.0), ylabel="share right", title=title)
        upper.legend(loc="upper left", fontsize=8)
        lower.set(xlabel="confidence", ylabel="clips")
    return save_figure(figure, path, dpi=110)
