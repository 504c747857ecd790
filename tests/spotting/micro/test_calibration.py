"""False peaks to a rate, and a rate to the output that is asked for; sums done by hand."""

import math

import pytest

from spotting.micro.calibration import SETTINGS, Calibration


def test_an_exponential_tail_by_hand():
    """Five peaks in two minutes: the tail of three begins at the fourth, at 1.0."""
    fitted = Calibration.fit([2.0, 4.0, 1.5, 0.0, 1.0], minutes=2.0, peaks=3)
    assert fitted.tail_logit == 1.0
    assert fitted.tail_per_minute == 1.5  # three in two minutes lie higher
    assert fitted.tail_scale == pytest.approx((3.0 + 1.0 + 0.5) / 3)
    assert fitted.rate_at(1.0) == 1.5
    assert fitted.rate_at(1.0 + 1.5 * math.log(3.0)) == pytest.approx(0.5)
    assert fitted.logit_at(0.5) == pytest.approx(1.0 + 1.5 * math.log(3.0))
    assert fitted.logit_at(1.5) == 1.0


def test_a_rate_means_what_it_says_on_a_sample_of_such_a_tail():
    """Quantiles of an exponential distribution: 600 peaks in 60 minutes."""
    logits = [-2.0 - 0.8 * math.log((n + 0.5) / 600) for n in range(600)]
    fitted = Calibration.fit(logits, minutes=60.0, peaks=300)
    for allowed in (0.1, 0.5, 1.0, 4.0):
        above = sum(logit > fitted.logit_at(allowed) for logit in logits)
        assert above / 60.0 == pytest.approx(allowed, rel=0.1, abs=0.02)


def test_the_score_is_how_much_rarer_a_false_one_would_be():
    c = Calibration(tail_logit=1.0, tail_per_minute=6.0, tail_scale=0.5)
    least = c.logit_at(1.0)
    assert c.rarity(least, least) == 1.0
    assert c.rarity(c.logit_at(0.1), least) == pytest.approx(10.0)
    assert c.rarity(1e9, least) == 1e6


def test_settings_survive():
    c = Calibration(-0.5, 3.0, 0.7, 2.0)
    assert tuple(c.settings()) == SETTINGS
    assert Calibration.of(c.settings()) == c
    assert c.with_rate(1.0) == Calibration(-0.5, 3.0, 0.7, 1.0)


@pytest.mark.parametrize("wrong", [(0.0, 0.0, 1.0), (0.0, 1.0, -1.0), (0.0, math.inf, 1.0)])
def test_what_is_no_calibration(wrong):
    with pytest.raises(ValueError, match="no calibration"):
        Calibration(*wrong)


def test_too_few_peaks_for_a_tail():
    with pytest.raises(ValueError, match="3 false peaks: 4 are needed"):
        Calibration.fit([1.0, 2.0, 3.0], 1.0, peaks=3)
    with pytest.raises(ValueError, match="no calibration"):
        Calibration.fit([1.0] * 9, 1.0, peaks=3)
