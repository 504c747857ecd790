"""Pictures and loss curves of a run. Matplotlib draws without a screen."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.figure import Figure

from streamer.core.files.atomic import write_file
from training.common.files import write_text


def save_figure(figure: Figure, path: Path, dpi: int) -> Path:
    """Write a PNG, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=dpi)
    write_file(path, picture.getvalue())
    return path


def write_curves(
    folder: Path, names: Sequence[str], rows: Sequence[Sequence[float]], per_epoch: int
) -> None:
    """`loss.csv`, one row per step, and `loss.png` with the means over epochs.

    Raises:
        OutputError: they cannot be written.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["step", *names])
    table.writerows([step, *(f"{v:.6g}" for v in row)] for step, row in enumerate(rows, start=1))
    write_text(folder / "loss.csv", text.getvalue())
    values = np.array(rows, dtype=np.float64).reshape(-1, len(names))
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for column, name in enumerate(names):
        means = [values[i : i + per_epoch, column].mean() for i in range(0, len(values), per_epoch)]
        axes.plot(np.arange(1, len(means) + 1), means, marker=".", label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.legend()
    save_figure(figure, folder / "loss.png", dpi=110)
