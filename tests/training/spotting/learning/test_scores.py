"""Peaks, hits and the calibration from what left-out networks found."""

import math

import numpy as np
import pytest

from spotting.micro.learned_ticks import RATE_HZ
from streamer.core.errors import UsageError
from tests.training.spotting.learning.signals import example
from training.spotting.learning.evaluate import Peak, Seen, peaks_of
from training.spotting.learning.scores import calibrate, seen_facts
from training.spotting.learning.windows import DELAY_S
from training.spotting.matching import SpotScore


def peak(logit, apex_s, half_s=0.2):
    return Peak(logit, apex_s - half_s, apex_s, apex_s + half_s)


def test_peaks_of_a_curve():
    times = np.arange(100) / RATE_HZ
    curve = np.full((100, 3), 0.1, dtype=np.float32)
    curve[:, 0] = -5.0
    curve[60:63, 0] = (1.0, 3.0, 2.0)
    (found,) = peaks_of(times, curve, 1 / 30)
    apex_s = 61 / RATE_HZ - DELAY_S
    assert found.logit == 3.0
    assert (found.onset_s, found.offset_s) == pytest.approx((apex_s - 0.1, apex_s + 0.1))
    assert peaks_of(times, curve, 1 / 30, begun_s=apex_s + 0.01) == []
    curve[61, 1:] = 0.4  # longer than half a second and two frames
    assert peaks_of(times, curve, 1 / 30) == []


def test_what_nobody_could_see_counts_for_nothing():
    seen = Seen(
        example(apexes=(3.0, 7.0), hidden=[False, True]),
        (peak(2.0, 3.0), peak(1.5, 7.0), peak(1.0, 9.0), peak(0.5, 10.0)),
    )
    assert seen.score(0.9) == SpotScore(1, 1, 0)
    assert seen.score(1.9) == SpotScore(1, 0, 0)
    assert seen.score(2.1) == SpotScore(0, 0, 1)
    assert seen.hits(0.9)[1].tolist() == [True, True]


def controls():
    """Two recordings of 12 s (0.4 minutes of face less one frame each): 40 false peaks."""
    peaks = [peak(-math.log((n + 0.5) / 40), 1.0 + 0.2 * n) for n in range(40)]
    return [
        Seen(example(who, apexes=(), control=True), tuple(peaks[n::2]))
        for n, who in enumerate(("anna", "bert"))
    ]


def test_the_calibration_is_that_of_the_controls():
    injected = Seen(example("carl"), (peak(9.0, 3.0), peak(9.0, 9.0)))
    found = calibrate([*controls(), injected], 2.0)
    assert found.false_per_minute == 2.0
    assert found.tail_scale == pytest.approx(1.0, abs=0.35)
    allowed = found.logit_at(20.0)
    above = sum(len(one.above(allowed)) for one in controls())
    minutes = sum(one.example.minutes for one in controls())
    assert above / minutes == pytest.approx(20.0, rel=0.3)
    facts = seen_facts([*controls(), injected], found)["people"]
    assert (facts["n"], facts["tp"], facts["fp"]) == (2, 1, 1)
    assert facts["recall_upper_strong"] == 0.5


def test_without_controls_what_touches_no_truth_is_false():
    one = Seen(example(apexes=(3.0,)), tuple(peak(float(n % 7), 0.5 + 0.3 * n) for n in range(36)))
    away = sum(not (p.offset_s > 2.8 and p.onset_s < 3.2) for p in one.peaks)
    found = calibrate([one], 1.0)
    assert found.tail_per_minute <= away / one.example.minutes
    with pytest.raises(UsageError, match="give longer sets"):
        calibrate([Seen(example(), (peak(1.0, 9.0),))], 1.0)
