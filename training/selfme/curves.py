"""Losses of a training as CSV and as a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.figure import Figure

from training.selfme.checkpoint import write_bytes


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
    write_bytes(folder / "loss.csv", text.getvalue().encode())
    values = np.array(rows, dtype=np.float64).reshape(-1, len(names))
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for column, name in enumerate(names):
        means = [values[i : i + per_epoch, column].mean() for i in range(0, len(values), per_epoch)]
        axes.plot(np.arange(1, len(means) + 1), means, marker=".", label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, dpi=110, format="png")
    write_bytes(folder / "loss.png", picture.getvalue())
