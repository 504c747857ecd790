"""Reliability by hand, and what each calibration can and cannot mend."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.common.calibration import (
    FITS,
    cross_fit,
    fit_temperature,
    fit_vector,
    measure_reliability,
)


def test_reliability_by_hand() -> None:
    # Two clips of confidence .8, one of them right; two of .6, both right.
    shares = np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    found = measure_reliability(shares, np.array([0, 1, 0, 1]))
    assert found.counts == (0, 0, 0, 0, 0, 0, 2, 0, 2, 0)
    assert found.right[6] == 1.0 and found.right[8] == 0.5
    assert found.error == pytest.approx((0.4 * 2 + 0.3 * 2) / 4)
    assert found.loss == pytest.approx(-np.log([0.8, 0.2, 0.6, 0.6]).mean())
    assert found.brier == pytest.approx((2 * 0.04 + 2 * 0.64 + 2 * 2 * 0.16) / 4)


def test_certainty_lies_in_the_last_bin_and_labels_are_counted() -> None:
    found = measure_reliability(np.array([[1.0, 0.0]]), np.array([1]))
    assert found.counts[-1] == 1 and found.error == 1.0 and np.isfinite(found.loss)
    with pytest.raises(ValueError, match="0 labels for 1 clips"):
        measure_reliability(np.ones((1, 2)), np.array([], dtype=np.int64))


def drawn(count: int, sharpen: float, tilt: float = 0.0) -> tuple[NDArray, NDArray, list[str]]:
    """Answers whose truth is drawn from other probabilities than they tell; ten groups."""
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.ones(3), count)
    labels = np.array([rng.choice(3, p=row) for row in true])
    logits = sharpen * np.log(true) + tilt * np.array([1.0, 0.0, -1.0])
    told = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return told, labels, [f"s{i % 10}" for i in range(count)]


@pytest.mark.parametrize("sharpen", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(sharpen: float) -> None:
    told, labels, groups = drawn(3000, sharpen)
    assert fit_temperature(told, labels).temperature == pytest.approx(sharpen, rel=0.1)
    mended, fits = cross_fit(fit_temperature, told, labels, groups)
    assert measure_reliability(mended, labels).error < 0.04
    assert len(fits) == 10 and np.allclose(mended.sum(axis=1), 1.0)


def test_a_tilt_needs_more_than_a_temperature() -> None:
    told, labels, groups = drawn(3000, 2.0, tilt=1.5)
    loss = {
        name: measure_reliability(cross_fit(fit, told, labels, groups)[0], labels).loss
        for name, fit in FITS.items()
    }
    assert loss["as it is"] > loss["temperature"] > loss["vector"] + 0.05
    assert loss["dirichlet"] == pytest.approx(loss["vector"], abs=0.02)
    assert np.allclose(np.diag(fit_vector(told, labels).weight), 0.5, atol=0.1)


def test_a_group_never_calibrates_itself() -> None:
    told, labels, groups = drawn(200, 2.0)
    own = np.array(groups) == "s3"
    before, _ = cross_fit(fit_temperature, told, labels, groups)
    labels[own] = (labels[own] + 1) % 3
    after, _ = cross_fit(fit_temperature, told, labels, groups)
    assert np.array_equal(before[own], after[own]) and not np.array_equal(before, after)
    with pytest.raises(ValueError, match="only s3"):
        cross_fit(fit_temperature, told[own], labels[own], ["s3"] * int(own.sum()))
