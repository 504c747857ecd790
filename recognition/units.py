"""From the answers of the unit head to the action units of an event."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from streamer.core.records import UNITS, ActionUnit, Side

TOLD_FROM = 0.5  # calibrated probability from which on a unit is told
_SIDES: tuple[Side, Side] = ("R", "L")  # the image's left is the person's right


def told_units(
    probabilities: NDArray[np.float32], strengths: NDArray[np.float32]
) -> tuple[ActionUnit, ...]:
    """The units that moved, in the order of `UNITS`.

    Args:
        probabilities, strengths: [units, 2], sides of the image.
    """
    return tuple(_told(probabilities, strengths))


def _told(
    probabilities: NDArray[np.float32], strengths: NDArray[np.float32]
) -> Iterator[ActionUnit]:
    for unit, sure, strong in zip(UNITS, probabilities, strengths, strict=True):
        moved = sure >= TOLD_FROM
        if moved.all():
            yield ActionUnit(unit, "both", float(sure.min()), _share(strong.mean()))
        elif moved.any():
            side = int(sure.argmax())
            yield ActionUnit(unit, _SIDES[side], float(sure[side]), _share(strong[side]))


def _share(value: np.floating) -> float:
    return float(np.clip(value, 0.0, 1.0))
