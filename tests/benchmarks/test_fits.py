"""Exponents and slopes with their errors, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.fits import block_medians, fit_line, fit_power


def test_a_line_by_hand() -> None:
    # x 0..3, y 0, 2, 2, 4: slope 6/5, rests -.2, .6, -.6, .2; s^2 = .8/2, Sxx = 5,
    # so the standard error is sqrt(.08) and t(.975, 2) = 4.3027.
    line = fit_line([0, 1, 2, 3], [0, 2, 2, 4])
    assert line.slope == pytest.approx(1.2)
    assert line.start == pytest.approx(0.2)
    assert line.error == pytest.approx(4.30265 * 0.08**0.5, rel=1e-4)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_found(exponent: float) -> None:
    x = np.array([1.0, 2.0, 4.0, 8.0])
    law = fit_power(x.tolist(), (3.0 * x**exponent).tolist())
    assert law.slope == pytest.approx(exponent, abs=1e-9)
    assert law.error == pytest.approx(0.0, abs=1e-9)
    assert np.exp(law.start) == pytest.approx(3.0)


def test_the_interval_holds_the_truth_19_times_in_20() -> None:
    rng = np.random.default_rng(4)
    x = np.repeat([1.0, 2.0, 4.0, 8.0], 3)
    held = 0
    for _ in range(400):
        law = fit_power(x.tolist(), (x**0.7 * np.exp(rng.normal(0, 0.1, 12))).tolist())
        held += abs(law.slope - 0.7) <= law.error
    assert 0.91 < held / 400 < 0.99


@pytest.mark.parametrize(
    ("x", "y"), [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [1, 2]), ([], [])]
)
def test_too_little_for_a_slope(x: list[float], y: list[float]) -> None:
    with pytest.raises(ValueError, match="three pairs"):
        fit_line(x, y)


def test_a_power_law_needs_values_above_0() -> None:
    with pytest.raises(ValueError, match="above 0"):
        fit_power([0, 1, 2], [1, 2, 3])


def test_blocks() -> None:
    assert block_medians([1, 2, 9, 4, 5, 6], 2).tolist() == [2.0, 5.0]
    assert block_medians([1, 2, 3, 4, 5], 2).tolist() == [2.0, 4.5]
    with pytest.raises(ValueError, match="do not fill"):
        block_medians([1, 2], 3)
