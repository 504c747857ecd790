"""Scores of action units against counts made by hand; calibration that calibrates."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from streamer.core.records import UNITS  # noqa: E402
from training.pretrain.unit_scores import (  # noqa: E402
    fit_units,
    format_sides,
    format_units,
    macro_f1,
    score_units,
    unit_calibration_error,
)

SMILE = UNITS.index("12")


def _arrays(rows: list[tuple[tuple[float, float], tuple[float, float]]]):
    """Truth and told of unit 12 by map; every other unit is at rest and told so."""
    truth, told = (np.zeros((len(rows), len(UNITS), 2), dtype=np.float32) for _ in range(2))
    for number, (true, said) in enumerate(rows):
        truth[number, SMILE], told[number, SMILE] = true, said
    return truth, told


def test_scores_by_hand() -> None:
    truth, told = _arrays(
        [
            ((1.0, 1.0), (0.9, 0.9)),  # both, told as both
            ((1.0, 0.0), (0.9, 0.6)),  # right alone (the image's left), told as both
            ((0.0, 1.0), (0.1, 0.7)),  # left alone, told so
            ((0.0, 0.0), (0.2, 0.2)),
            ((-1.0, 0.2), (0.9, 0.9)),  # nobody knows: counts nowhere
        ]
    )
    scores = score_units(truth, told, np.full_like(told, 0.75))
    smile = scores["12"]
    assert smile.moved == 4
    assert smile.f1_right == pytest.approx(1.0)  # of the image's left: two moved, both told
    assert smile.f1_left == pytest.approx(2 * 2 / (2 + 3))
    assert smile.intensity_error == pytest.approx(0.25)
    # none, R, L, both
    assert smile.sides == ((1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0), (0, 0, 0, 1))
    assert macro_f1(scores) == pytest.approx(smile.f1)  # the others never moved
    assert "| 12 | 4 | 1.000 | .800 | .250 |" in format_units(scores)
    assert format_sides(scores, ["12"]).splitlines()[3] == "| R | 0 | 0 | 0 | 1 |"


def test_fitting_calibrates_what_is_overconfident() -> None:
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(0.0, 2.0, (3000, len(UNITS), 2)).astype(np.float32))
    truth = (rng.random(logits.shape) < logits.sigmoid().numpy()).astype(np.float32)
    given = 3.0 * logits - 1.0  # as a network that was taught rare sides at a higher weight
    scale, shift = fit_units(given, torch.from_numpy(truth))
    np.testing.assert_allclose(scale[:, 0], 1 / 3, atol=0.05)
    np.testing.assert_allclose(shift[:, 0], 1 / 3, atol=0.12)
    before = unit_calibration_error(truth, given.sigmoid().numpy())
    after = unit_calibration_error(truth, (scale * given + shift).sigmoid().numpy())
    assert before > 0.1 and after < 0.02


def test_a_unit_that_never_moves_is_left_as_it_is() -> None:
    logits = torch.zeros((10, len(UNITS), 2))
    scale, shift = fit_units(logits, torch.zeros((10, len(UNITS), 2)))
    assert scale.eq(1.0).all() and shift.eq(0.0).all()
