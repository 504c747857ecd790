from dataclasses import replace

import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.micro.interval import sharpen
from spotting.micro.peaks import BumpJudge
from spotting.motion.bumps import BumpMeter
from spotting.motion.rows import Rows
from spotting.motion.series import MotionSeries
from tests.spotting.curves import CONFIG, ROWS, fill, motion_of, raised_cosine, times_of

NONE = np.zeros(ROWS, dtype=bool)
PLAIN = Rows(("",) * ROWS, NONE, NONE, NONE, NONE, NONE)
MOUTH = replace(PLAIN, lower=np.array([True, True, False, False]))


def verdicts(times, motion, config=CONFIG, rows=PLAIN, **rest):
    series = fill(times, motion, config=config, **rest)
    meter = BumpMeter(config, rows)
    moments = meter.advance(series, flush=True)
    return BumpJudge(config, rows).advance(moments, meter.baseline_end_s, flush=True), series


def bumps(times, motion, config=CONFIG, rows=PLAIN, **rest):
    found, series = verdicts(times, motion, config, rows, **rest)
    return [bump for bump in found if not bump.rejected], series


@pytest.mark.parametrize("fps", [25, 30, 100, 200])
@pytest.mark.parametrize(
    ("onset_s", "apex_s", "offset_s"), [(2.00, 2.08, 2.20), (2.01, 2.21, 2.43), (2.0, 2.25, 2.5)]
)
def test_a_bump_is_found_and_its_times_sharpened(fps, onset_s, apex_s, offset_s):
    times = times_of(fps, 5)
    curve = 0.03 * raised_cosine(times, onset_s, apex_s, offset_s)
    found, series = bumps(times, motion_of(times, curve, noise=0.0004))
    assert len(found) == 1
    interval = sharpen(series, found[0], reach_s=0.5)
    tolerance_s = 1.0 / fps + 0.02
    assert abs(interval.apex_s - apex_s) <= tolerance_s
    assert abs(interval.onset_s - onset_s) <= tolerance_s + 0.03
    assert abs(interval.offset_s - offset_s) <= tolerance_s + 0.03
    assert times[interval.apex_frame] == pytest.approx(interval.apex_s)


def test_steps_drifts_and_noise_are_no_bumps():
    times = times_of(30, 20)
    rng = np.random.default_rng(5)
    step = 0.08 * (times > 8)
    ramp = 0.05 * np.clip(times - 12, 0, 3)
    motion = motion_of(times, step + ramp, noise=0.0008)
    motion[:, 1] += 0.0008 * rng.normal(size=(len(times), 2)).cumsum(axis=0)
    found, _ = bumps(times, motion)
    assert found == []


def test_the_score_is_the_height_over_the_threshold():
    times = times_of(30, 5)
    curve = 0.03 * raised_cosine(times, 2.0, 2.2, 2.4)
    found, _ = bumps(times, motion_of(times, curve))
    assert found[0].score == pytest.approx(0.03 / CONFIG.micro_min_iod, rel=0.03)


def test_sensitivity_two_halves_the_threshold():
    times = times_of(30, 5)
    curve = 0.8 * CONFIG.micro_min_iod * raised_cosine(times, 2.0, 2.2, 2.4)
    assert bumps(times, motion_of(times, curve))[0] == []
    sensitive = SpotterConfig(sensitivity=2.0)
    assert len(bumps(times, motion_of(times, curve), sensitive)[0]) == 1


def test_a_noisy_region_raises_its_own_threshold_only():
    times = times_of(30, 20)
    curve = 0.03 * raised_cosine(times, 15.0, 15.2, 15.4)
    quiet, noisy = motion_of(times, curve, row=0), motion_of(times, curve, row=0)
    noisy[:, 0] += np.random.default_rng(2).normal(0, 0.01, (len(times), 2))
    assert len(bumps(times, quiet)[0]) == 1
    assert bumps(times, noisy)[0] == []


def talk(times, start_s, end_s, height_iod=0.04):
    starts = np.arange(start_s, end_s, 0.35)
    return height_iod * sum(raised_cosine(times, t, t + 0.15, t + 0.3) for t in starts)


def test_one_of_many_alike_is_speech_not_a_micro_expression():
    times = times_of(30, 12)
    found, _ = verdicts(times, motion_of(times, talk(times, 4, 11)), rows=MOUTH)
    assert len(found) > 10
    assert {bump.rejected for bump in found} == {"speech"}


def test_with_low_latency_the_first_syllable_is_not_known_to_be_speech():
    times = times_of(30, 12)
    motion = motion_of(times, talk(times, 4, 11))
    found, _ = bumps(times, motion, SpotterConfig(low_latency=True), MOUTH)
    assert found[0].time_s == pytest.approx(4.15, abs=0.04)
    assert max(bump.time_s for bump in found) < 4.4  # after that it is known


def test_a_talking_mouth_leaves_the_brows_alone():
    times = times_of(30, 12)
    motion = motion_of(times, talk(times, 4, 11), row=0)
    motion[:, 3, 1] += 0.03 * raised_cosine(times, 7.0, 7.2, 7.4)
    found, _ = bumps(times, motion, rows=MOUTH)
    assert [bump.time_s for bump in found] == pytest.approx([7.2], abs=0.05)


def test_a_bump_stands_out_when_it_is_twice_as_high_as_all_around():
    times = times_of(30, 12)
    small = talk(times, 4, 11, height_iod=0.01)
    for height, reasons in ((0.015, {"speech"}), (0.05, {"", "speech"})):
        curve = small + height * raised_cosine(times, 7.0, 7.2, 7.4)
        found, _ = verdicts(times, motion_of(times, curve), rows=MOUTH)
        assert {bump.rejected for bump in found} == reasons


def test_nothing_is_reported_in_the_baseline():
    times = times_of(30, 20)
    curve = 0.03 * sum(raised_cosine(times, t, t + 0.2, t + 0.4) for t in (3.0, 10.0, 16.0))
    motion = motion_of(times, curve, noise=0.0005)
    found, _ = verdicts(times, motion, SpotterConfig(baseline_s=5.0))
    assert [bump.rejected for bump in found] == ["baseline", "", ""]


def test_what_comes_back_with_the_head_is_taken_off():
    times = times_of(30, 5)
    curve = raised_cosine(times, 2.0, 2.2, 2.4)
    head = np.zeros((len(times), 7))
    head[:, 1] = 0.3 * curve
    assert bumps(times, motion_of(times, 0.03 * curve), head=head)[0] == []


def test_lids_that_travel_far_have_blinked():
    times = times_of(30, 5)
    curve = 0.08 * raised_cosine(times, 2.0, 2.1, 2.25)
    rows = replace(PLAIN, eyes=np.array([True, False, False, False]))
    found, _ = verdicts(times, motion_of(times, curve), rows=rows)
    assert {bump.rejected for bump in found} == {"blink"}
    assert len(bumps(times, motion_of(times, curve))[0]) == 1


def test_a_movement_too_large_for_a_micro_expression_says_so():
    times = times_of(30, 5)
    found, _ = verdicts(times, motion_of(times, 0.2 * raised_cosine(times, 2.0, 2.2, 2.4)))
    assert {bump.rejected for bump in found} == {"large movement"}


def test_a_bump_cut_off_by_the_end_is_not_invented():
    times = times_of(30, 2.2)
    curve = 0.03 * raised_cosine(times, 2.0, 2.3, 2.6)
    assert bumps(times, motion_of(times, curve))[0] == []


def test_advancing_frame_by_frame_gives_the_same_bumps():
    times = times_of(60, 10)
    curve = sum(0.03 * raised_cosine(times, t, t + 0.2, t + 0.35) for t in (2.0, 4.5, 7.0))
    motion = motion_of(times, curve, noise=0.001)
    whole, _ = bumps(times, motion)
    meter, judge = BumpMeter(CONFIG, PLAIN), BumpJudge(CONFIG, PLAIN)
    series = MotionSeries(ROWS, 6.0, CONFIG.smooth_s, 0.1)
    found = []
    for k, time_s in enumerate(times):
        series.push(float(time_s), k, motion[k], np.zeros(7), NONE, 0.1)
        found += judge.advance(meter.advance(series), meter.baseline_end_s)
    series.flush()
    found += judge.advance(meter.advance(series, flush=True), meter.baseline_end_s, flush=True)
    assert [b.time_s for b in found] == [b.time_s for b in whole]
    assert [b.score for b in found] == pytest.approx([b.score for b in whole])
    assert len(found) == 3


def test_lids_may_open_wider_than_a_blink_closes_them():
    times = times_of(30, 5)
    curve = -0.07 * raised_cosine(times, 2.0, 2.15, 2.35)  # upwards
    rows = replace(PLAIN, eyes=np.array([True, False, False, False]))
    (found,) = bumps(times, motion_of(times, curve), rows=rows)[0]
    assert found.time_s == pytest.approx(2.15, abs=0.04)


@pytest.mark.parametrize(("height", "found"), [(0.03, 1), (0.012, 0)])
def test_a_head_that_turns_asks_for_more(height, found):
    """0.2 rad within 0.6 s: 0.15 * (0.2 - 0.05) = 0.0225 IOD."""
    times = times_of(30, 5)
    context = np.zeros((len(times), 7))
    context[:, 4] = np.clip((times - 1.9) / 0.6, 0.0, 1.0) * 0.2
    motion = motion_of(times, height * raised_cosine(times, 2.0, 2.2, 2.4))
    assert len(bumps(times, motion, head=context)[0]) == found
    assert len(bumps(times, motion)[0]) == 1


@pytest.mark.parametrize(("row", "found"), [(0, 1), (2, 0)])
def test_while_somebody_speaks_what_does_not_speak_must_stand_out_more(row, found):
    """1.5 times 0.006 IOD; the mouth, row 0, is judged against itself."""
    times = times_of(30, 5)
    context = np.zeros((len(times), 7))
    context[:, 6] = 1.0
    motion = motion_of(times, 0.0085 * raised_cosine(times, 2.0, 2.2, 2.4), row=row)
    assert len(bumps(times, motion, rows=MOUTH, head=context)[0]) == found
    assert len(bumps(times, motion, rows=MOUTH)[0]) == 1


def test_what_moves_too_far_hides_only_its_own_part():
    times = times_of(30, 5)
    motion = motion_of(times, 0.03 * raised_cosine(times, 2.0, 2.2, 2.4), row=3)
    motion[:, 0, 1] += 0.2 * raised_cosine(times, 1.9, 2.1, 2.3)
    rows = replace(PLAIN, brows=np.array([False, False, False, True]))
    found, _ = verdicts(times, motion, rows=rows)
    assert [bump.rejected for bump in found].count("") == 1
