"""How much of a known movement is measured, and what else reaches as high."""

import numpy as np
import pytest

from benchmarks.known_movement import figures, known_movements, movement, section
from spotting.micro.learned_ticks import BLINK, REGIONS, ROW
from training.spotting.learning.examples import Example
from training.spotting.learning.signals import Signals

FPS, SECONDS = 50, 10
RAISED = movement("1+2", "both")


def example(bumps, truth=(), blinks=()):
    """A recording whose brows rise by `share` of 0.05 IOD around each of the moments."""
    time_s = np.arange(FPS * SECONDS) / FPS
    rows = np.zeros((len(time_s), ROW), dtype=np.float32)
    for apex_s, share in bumps:
        level = np.clip(1.0 - np.abs(time_s - apex_s) / 0.2, 0.0, None)
        rows[:, REGIONS] += (0.05 * share * level[:, None] * RAISED).astype(np.float32)
    for blink_s in blinks:
        rows[np.abs(time_s - blink_s) < 0.05, BLINK] = 1.0
    gates = np.zeros((len(time_s), 1), dtype=bool)
    signals = Signals(time_s, np.arange(len(time_s)), rows, gates)
    n = len(truth)
    return Example(
        *("injected.mp4" if n else "untouched.mp4", "anna", True, FPS, signals),
        truth_s=np.array([(t - 0.2, t, t + 0.2) for t in truth]).reshape(-1, 3),
        hidden=np.zeros(n, dtype=bool),
        strength_iod=np.full(n, 0.05),
        upper=np.ones(n, dtype=bool),
        control=not n,
        base="anna.mp4",
    )


def known(own_bumps, blinks=()):
    """What is known of one movement at 5 s, of which half is measured, beside the person's own."""
    injected = example([*own_bumps, (5.0, 0.5)], truth=(5.0,), blinks=blinks)
    sets = [([injected, example(own_bumps, blinks=blinks)], {"injected.mp4": [("1+2", "both")]})]
    (one,) = known_movements(sets)
    return one


def test_the_share_that_is_measured():
    # The mean of three moments 20 ms apart at the top of a triangle of 0.2 s: 1 - 2/3 x 0.1.
    assert known([]).measured == pytest.approx(0.5 * (1.0 - 0.2 / 3.0), abs=1e-3)
    assert known([(5.0, 0.3)]).measured == pytest.approx(0.5 * (1.0 - 0.2 / 3.0), abs=1e-3)


def test_moments_of_the_person_that_reach_as_high():
    assert known([]).higher_per_minute == 0.0
    assert known([(2.0, 0.4)]).higher_per_minute == 0.0
    two = known([(2.0, 0.6), (8.0, 0.7)])
    assert two.higher_per_minute == pytest.approx(2 / (9.98 / 60), rel=1e-3)


def test_what_comes_with_a_blink_is_told_apart():
    one = known([(2.0, 0.6)], blinks=(2.0,))
    assert one.higher_per_minute > 0.0 and one.higher_no_blink == 0.0 and not one.blinked
    assert known([], blinks=(5.1,)).blinked


def test_counts_by_half_and_strength():
    some = [known([]), known([(2.0, 0.6)], blinks=(2.0,)), known([], blinks=(5.1,))]
    facts = figures(some)
    row = facts["rows"]["upper 0.05 IOD"]
    assert (row["n"], row["none"], row["few"]) == (3, 2, 2)
    assert (row["none_no_blink"], row["few_no_blink"]) == (2, 2)
    assert set(facts["rows"]) == {"upper 0.05 IOD", "all"}
    text = section({"date": "d", "machine": "m", **facts})
    assert "| upper 0.05 IOD | 3 |" in text and "known-movement" not in text
