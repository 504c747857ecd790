"""The rows in which a face is watched: its regions and, below them, symmetric pairs of regions.

Spontaneous expressions are near symmetric, so a pair has half the noise power of one side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spotting.motion.regions import REGION_NAMES, SHAKEN_BY_BLINK

_PAIRS = [
    (i, REGION_NAMES.index(name.replace("_left", "_right")))
    for i, name in enumerate(REGION_NAMES)
    if name.endswith("_left")
]
_LEFT, _RIGHT = np.array(_PAIRS).T
_MIRROR = np.array([-1.0, 1.0])
_NAMES = [*REGION_NAMES, *(REGION_NAMES[left] for left, _ in _PAIRS)]
N_ROWS = len(_NAMES)


@dataclass(frozen=True, slots=True)
class Rows:
    """What kind of region each row of the series is, [rows] each."""

    names: tuple[str, ...]
    eyes: NDArray[np.bool_]
    brows: NDArray[np.bool_]
    cheeks: NDArray[np.bool_]
    lower: NDArray[np.bool_]  # mouth, lips and chin
    blinked: NDArray[np.bool_]  # shaken by a blink

    @property
    def spoken(self) -> NDArray[np.bool_]:
        """What moves with speech."""
        return self.lower | self.cheeks


FACE_ROWS = Rows(
    names=tuple(_NAMES),
    brows=np.array([name.startswith("brow") for name in _NAMES]),
    cheeks=np.array([name.startswith("cheek") for name in _NAMES]),
    eyes=np.array([name.startswith("eye") for name in _NAMES]),
    lower=np.array([name.startswith(("mouth", "lip", "chin")) for name in _NAMES]),
    blinked=np.array([name in SHAKEN_BY_BLINK for name in _NAMES]),
)


def with_symmetric_pairs(displacement: NDArray) -> NDArray[np.float32]:
    """Regions [R, 2] and, below them, the mean of each left region with its mirrored right one."""
    regions = len(displacement)
    rows = np.empty((regions + len(_LEFT), 2), dtype=np.float32)
    rows[:regions] = displacement
    mirrored = displacement.take(_RIGHT, axis=0) * _MIRROR
    rows[regions:] = 0.5 * (displacement.take(_LEFT, axis=0) + mirrored)
    return rows


def moving_regions(row_scores: NDArray) -> tuple[str, ...]:
    """Names of the regions that moved, strongest first; pairs count for both sides."""
    scores = row_scores[: len(REGION_NAMES)].astype(np.float64).copy()
    for row, (left, right) in enumerate(_PAIRS, start=len(REGION_NAMES)):
        scores[left] = max(scores[left], 0.999 * row_scores[row])
        scores[right] = max(scores[right], 0.998 * row_scores[row])
    order = np.argsort(-scores, kind="stable")
    limit = max(0.5 * float(scores.max()), 0.0)
    return tuple(REGION_NAMES[i] for i in order if scores[i] >= limit and scores[i] > 0)
