"""What the unit head is taught: which action units moved on which side, and how strongly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamer.core.records import UNITS
from training.synthetic.action_units import Activation

MOVED = 0.3  # of the strongest displacement of the sample: from here on a unit counts as moved
AT_REST = 0.12  # up to here as at rest; between the two nobody could say
UNKNOWN = -1.0
_NAMES = {"25": "25/26", "26": "25/26"}


def told_name(au: str) -> str | None:
    """The unit of `UNITS` as which a unit of the fields is told; None: it is not (16, 45)."""
    name = _NAMES.get(au, au)
    return name if name in UNITS else None


def unit_strengths(activations: Sequence[Activation]) -> NDArray[np.float32]:
    """Displacement [units, 2] over that of the strongest, 0..1: image left and right.

    Units that are not told (16, 45) are left out; without any, all are zero.
    """
    strengths = np.zeros((len(UNITS), 2), dtype=np.float32)
    for unit in activations:
        name = told_name(unit.au)
        if name is not None:
            row = strengths[UNITS.index(name)]
            row[:] = np.maximum(row, (unit.left, unit.right))
    return strengths / max(float(strengths.max()), 1e-6)


def unit_targets(strengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 moved, 0 at rest, `UNKNOWN` between the two or where the strength is: any shape."""
    targets = np.where(strengths >= MOVED, 1.0, np.where(strengths <= AT_REST, 0.0, UNKNOWN))
    return np.where(strengths < 0.0, UNKNOWN, targets).astype(np.float32)
