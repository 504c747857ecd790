"""How well action units are told: F1 per unit and side, sides taken for each other, calibration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from recognition.units import TOLD_FROM
from streamer.core.records import UNITS
from training.common.calibration import in_bins, mean_gap
from training.common.markdown import short, table
from training.common.metrics import confusion_matrix
from training.synthetic.unit_truth import unit_targets

SIDES = ("none", "R", "L", "both")  # the image's left is the person's right


@dataclass(frozen=True, slots=True)
class UnitScore:
    """One unit on the maps where its truth is known."""

    moved: int  # sides that moved
    f1_right: float  # of the person
    f1_left: float
    intensity_error: float  # mean absolute error where it moved
    sides: tuple[tuple[int, ...], ...]  # maps by true side (rows) and told side (columns), `SIDES`

    @property
    def f1(self) -> float:
        """Mean of the two sides."""
        return 0.5 * (self.f1_right + self.f1_left)


def score_units(
    strengths: NDArray[np.float32], told: NDArray[np.float32], intensity: NDArray[np.float32]
) -> dict[str, UnitScore]:
    """Scores by unit.

    Args:
        strengths: [N, units, 2] truth, below 0 where unknown (`unit_truth`).
        told: [N, units, 2] probabilities. intensity: [N, units, 2], 0..1.
    """
    targets = unit_targets(strengths)
    return {
        unit: _score(targets[:, k], strengths[:, k], told[:, k], intensity[:, k])
        for k, unit in enumerate(UNITS)
    }


def macro_f1(scores: Mapping[str, UnitScore]) -> float:
    """Mean F1 over the units that occur, sides averaged."""
    return float(np.mean([score.f1 for score in scores.values() if score.moved]))


def format_units(scores: Mapping[str, UnitScore]) -> str:
    """A table in Markdown: a row for each unit, then the mean."""
    rows = [
        [unit, str(s.moved), short(s.f1_right), short(s.f1_left), short(s.intensity_error)]
        for unit, s in scores.items()
    ]
    rows.append(["mean", "", "", short(macro_f1(scores)), ""])
    return table(["AU", "sides that moved", "F1 right", "F1 left", "intensity off by"], rows)


def format_sides(scores: Mapping[str, UnitScore], units: Sequence[str] = UNITS) -> str:
    """A table in Markdown: how often each side was told as which, over the given units."""
    counts = sum((np.array(scores[unit].sides) for unit in units), np.zeros((4, 4), dtype=int))
    rows = [[name, *(str(int(n)) for n in row)] for name, row in zip(SIDES, counts, strict=True)]
    return table(["moved / told", *SIDES], rows)


def fit_units(logits: Tensor, strengths: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and shift [units, 1] of each unit's logits that calibrate it (Platt 1999).

    Args:
        logits: [N, units, 2] not calibrated. strengths: [N, units, 2] truth.
    """
    targets = unit_targets(strengths.numpy())
    given = logits.numpy().astype(np.float64)
    fitted = [_platt(given[:, k], targets[:, k]) for k in range(targets.shape[1])]
    scale, shift = zip(*fitted, strict=True)
    return torch.tensor(scale)[:, None].float(), torch.tensor(shift)[:, None].float()


def unit_calibration_error(strengths: NDArray[np.float32], told: NDArray[np.float32]) -> float:
    """Expected calibration error of the probabilities, over units and sides that are known."""
    targets = unit_targets(strengths)
    known = targets >= 0.0
    return mean_gap(*in_bins(told[known], targets[known]))


def _score(targets: NDArray, strengths: NDArray, told: NDArray, intensity: NDArray) -> UnitScore:
    moved, found = targets > 0.5, told >= TOLD_FROM
    known = targets >= 0.0
    off = np.abs(intensity - strengths)[moved]
    both_known = known.all(axis=1)
    counts = confusion_matrix(_side(moved[both_known]), _side(found[both_known]), len(SIDES))
    sides = [_f1(moved[known[:, s], s], found[known[:, s], s]) for s in (0, 1)]
    error = float(off.mean()) if off.size else math.nan
    rows = tuple(tuple(int(n) for n in row) for row in counts)
    return UnitScore(int(moved.sum()), sides[0], sides[1], error, rows)


def _side(which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Index into `SIDES` of [N, 2] flags."""
    return np.asarray(which[:, 0] + 2 * which[:, 1], dtype=np.int64)


def _f1(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    both = int(truth.sum() + found.sum())
    return 2.0 * int((truth & found).sum()) / both if both else 0.0


def _platt(logits: NDArray[np.float64], targets: NDArray[np.float32]) -> tuple[float, float]:
    known = targets >= 0.0
    x, y = logits[known], targets[known].astype(np.float64)
    if not 0.0 < y.mean() < 1.0:
        return 1.0, 0.0

    def loss(pair: NDArray[np.float64]) -> float:
        z = pair[0] * x + pair[1]
        return float(np.mean(np.logaddexp(0.0, z) - y * z))

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead")
    return float(max(found.x[0], 0.05)), float(found.x[1])
