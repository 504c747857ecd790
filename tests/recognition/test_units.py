"""From probabilities of the two sides of the image to units with the person's side."""

from __future__ import annotations

import numpy as np
import pytest

from recognition.units import told_units
from streamer.core.records import UNITS, ActionUnit, facs_text


def _answer(**sides: tuple[float, float]) -> np.ndarray:
    told = np.zeros((len(UNITS), 2), dtype=np.float32)
    for name, pair in sides.items():
        told[UNITS.index(name.removeprefix("au"))] = pair
    return told


def test_the_left_of_the_image_is_the_right_of_the_person() -> None:
    sure = _answer(au12=(0.9, 0.1), au14=(0.2, 0.7), au2=(0.6, 0.8), au4=(0.49, 0.3))
    strong = _answer(au12=(1.0, 0.3), au14=(0.1, 0.5), au2=(0.25, 0.75))
    brow, smile, dimple = told_units(sure, strong)
    assert (brow.unit, brow.side, smile.side, dimple.side) == ("2", "both", "R", "L")
    assert brow.probability == pytest.approx(0.6)  # both sides moved: no surer than the weaker
    assert brow.intensity == pytest.approx(0.5)
    assert (smile.probability, smile.intensity) == (pytest.approx(0.9), pytest.approx(1.0))
    assert facs_text((brow, smile, dimple)) == "2+R12+L14"


def test_nothing_moved() -> None:
    assert told_units(_answer(), _answer()) == () and facs_text(()) == ""


def test_text_is_in_the_order_of_facs() -> None:
    units = [ActionUnit(name, "both", 0.9, 1.0) for name in ("25/26", "12", "1")]
    assert facs_text(units) == "1+12+25/26"
