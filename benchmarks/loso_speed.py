"""How much faster all folds of STSTNet train stacked than one by one, measured in the same run.

    python -m benchmarks.loso_speed --root DIR [--epochs 4] [--threads 2] [--rounds 3]

Seconds per epoch over all folds are the difference between a longer and a shorter training, so that
what is done once does not count. The rounds alternate, and the fastest of each kind counts: other
work on the machine only slows down. CPU seconds are printed beside the wall time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from training.loso.folds import make_folds
from training.loso.registry import make_model
from training.loso.selection import load_selection
from training.models.base import FitPlan, Fitted, fit_one_by_one


def main() -> None:
    """Measures and prints."""
    options = _options()
    torch.set_num_threads(options.threads)
    samples = load_selection(options.dataset, options.root, 3).samples
    rows = [fold.train for fold in make_folds(samples, "composite")]
    model = make_model("ststnet")

    def stacked(epochs: int) -> list[Fitted]:
        return model.fit_folds(samples, rows, _plan(epochs))

    def one_by_one(epochs: int) -> list[Fitted]:
        return fit_one_by_one(model, samples, rows, _plan(epochs))

    def _plan(epochs: int) -> FitPlan:
        return FitPlan(3, 0, epochs, options.device, samples.ids)

    stacked(1), one_by_one(1)  # warm-up
    times: dict[str, list[tuple[float, float]]] = {"stacked": [], "one by one": []}
    for _ in range(options.rounds):
        times["stacked"].append(_per_epoch(stacked, 4 * options.epochs))
        times["one by one"].append(_per_epoch(one_by_one, options.epochs))
    best = {name: min(own) for name, own in times.items()}
    print(f"{len(rows)} folds, {len(samples)} clips, {options.threads} threads, {options.device}")
    for name, (wall, cpu) in best.items():
        print(f"{name}: {wall:.3f} s wall, {cpu:.3f} s CPU an epoch over all folds")
    ratios = [best["one by one"][k] / best["stacked"][k] for k in (0, 1)]
    print(f"ratio: {ratios[0]:.1f} wall, {ratios[1]:.1f} CPU")
    gap = max(
        float(np.abs(a.probabilities(samples.maps) - b.probabilities(samples.maps)).max())
        for a, b in zip(stacked(3), one_by_one(3), strict=True)
    )
    print(f"largest difference of a probability after 3 epochs: {gap:.1e}")


def _per_epoch(train: Callable[[int], object], epochs: int) -> tuple[float, float]:
    """Wall and CPU seconds of one epoch."""
    marks = []
    for count in (1, 1 + epochs):
        wall, cpu = time.perf_counter(), time.process_time()
        train(count)
        marks.append((time.perf_counter() - wall, time.process_time() - cpu))
    return tuple((marks[1][k] - marks[0][k]) / epochs for k in (0, 1))  # type: ignore[return-value]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--dataset", default="megc2019-flow")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    main()
