"""Presentation times: hand-computed tables, and properties that hold for any time stamps."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.sources.timing import CaptureClock, PresentationClock

MS = Fraction(1, 1000)


def stamp_all(pts, duration=40, time_base=MS, **settings):
    repairs = Counter()
    clock = PresentationClock(lambda name: repairs.update([name]), **settings)
    return [clock.stamp(value, time_base, duration) for value in pts], dict(repairs)


@pytest.mark.parametrize(
    ("pts", "expected_ms", "repairs"),
    [
        # clean: unchanged
        ([0, 40, 80], [0, 40, 80], {}),
        # variable rate: unchanged
        ([0, 33, 100, 133], [0, 33, 100, 133], {}),
        # a long pause is true time
        ([0, 40, 60040], [0, 40, 60040], {}),
        # late start: counts from the first frame, and is said
        ([500, 540, 580], [0, 40, 80], {"late_first_pts": 1}),
        # an early start (edit list) is no fault
        ([-80, -40, 0], [0, 40, 80], {}),
        # a repeat is put half a frame on, the next keeps its own time
        ([0, 40, 40, 80, 120], [0, 40, 60, 80, 120], {"repeated_pts": 1}),
        # falling back by less than a frame likewise
        ([0, 40, 30, 80], [0, 40, 60, 80], {"backward_pts": 1}),
        # a restart at 0: one frame on from 80, then in step
        ([0, 40, 80, 0, 40, 80], [0, 40, 80, 120, 160, 200], {"backward_pts": 1}),
        # a restart with a pause later on: the pause is kept
        ([0, 40, 80, 0, 40, 80, 120, 1120], [0, 40, 80, 120, 160, 200, 240, 1240],
         {"backward_pts": 1}),
        # one bad stamp backwards: the next frames return to their own times
        ([0, 40, 80, 20, 160, 200], [0, 40, 80, 120, 160, 200], {"backward_pts": 1}),
        # two bad stamps in a row: still back to their own times
        ([0, 40, 80, 120, 160, 200, 240, 280, 0, -200, 400, 440],
         [0, 40, 80, 120, 160, 200, 240, 280, 320, 360, 400, 440], {"backward_pts": 2}),
        # one absurd stamp forwards likewise (2 hours)
        ([0, 40, 7_200_000, 120, 160], [0, 40, 80, 120, 160], {"forward_pts": 1}),
        # an absurd jump that stays: the later frames follow in step
        ([0, 40, 7_200_000, 7_200_040, 7_200_080], [0, 40, 80, 120, 160], {"forward_pts": 1}),
        # no stamp: one frame on; the next keeps its own time
        ([0, None, 80, 120], [0, 40, 80, 120], {"missing_pts": 1}),
        ([None, None, 7000, 7040], [0, 40, 80, 120], {"missing_pts": 2, "late_first_pts": 1}),
        ([None, None, None], [0, 40, 80], {"missing_pts": 3}),
        # a stopped counter: squeezed once, then in step
        ([0, 0, 0, 0, 0], [0, 20, 60, 100, 140], {"repeated_pts": 4}),
    ],
)  # fmt: skip
def test_times_by_hand(pts, expected_ms, repairs):
    times, counted = stamp_all(pts)
    assert times == pytest.approx([value / 1000 for value in expected_ms], abs=1e-9)
    assert counted == repairs


def test_time_base_is_exact():
    times, _ = stamp_all([0, 1001, 2002], duration=1001, time_base=Fraction(1, 24000))
    assert times == [0.0, 1001 / 24000, 2002 / 24000]


def test_late_start_is_no_fault_where_clocks_start_anywhere():
    assert stamp_all([90000, 90040], starts_at_zero=False) == ([0.0, 0.04], {})


def test_a_jump_far_beyond_the_declared_end_is_a_bad_stamp():
    pts = [0, 40, 60_000, 120]  # 60 s, in a recording of 1 s
    assert stamp_all(pts, declared_duration_s=1.0)[1] == {"forward_pts": 1}
    assert stamp_all(pts[:3], declared_duration_s=55.0)[1] == {}  # within the tolerance of 10 s


def test_longest_gap_can_be_set():
    times, repairs = stamp_all([0, 40, 5040, 5080], max_gap_s=4)
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12]) and repairs == {"forward_pts": 1}


@pytest.mark.parametrize(
    ("settings", "step_s"), [({"declared_fps": 50.0}, 0.02), ({}, 0.04)]
)  # the declared rate, else 25 fps
def test_step_without_frame_durations(settings, step_s):
    times, _ = stamp_all([None, None, None], duration=None, **settings)
    assert times == pytest.approx([0, step_s, 2 * step_s])


def test_step_is_the_median_gap_once_there_are_frames():
    times, _ = stamp_all([0, 10, 20, 30, 500, None], duration=0, declared_fps=25.0)
    assert times[-1] == pytest.approx(0.510)


stamps = st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), min_size=1, max_size=60)
durations = st.one_of(st.none(), st.integers(0, 10**7))
bases = st.sampled_from(
    [MS, Fraction(1, 90000), Fraction(1, 25), Fraction(1, 1), Fraction(1, 10**9)]
)


@given(stamps, durations, bases, st.one_of(st.none(), st.floats(0.01, 1000)))
def test_any_stamps_give_strictly_increasing_times(pts, duration, base, end_s):
    times, _ = stamp_all(pts, duration, base, declared_duration_s=end_s)
    assert times[0] == 0.0
    assert all(math.isfinite(time) for time in times)
    assert all(after > before for before, after in pairwise(times))


@given(
    st.integers(0, 100),
    st.lists(st.integers(1, 90000 * 3599), max_size=60),
    durations,
)
def test_clean_stamps_are_left_alone(first, gaps, duration):
    pts = [first]
    for gap in gaps:
        pts.append(pts[-1] + gap)
    times, repairs = stamp_all(pts, duration, Fraction(1, 90000))
    assert times == [float(Fraction(value - first, 90000)) for value in pts]
    assert repairs == {}


@given(st.integers(3, 40), st.integers(-(2**33), -200))
def test_after_a_jump_back_the_spacing_stays_true(count, jump):
    pts = [40 * i for i in range(count)]
    again = [pts[-1] + jump + 30 * i for i in range(count)]
    times, repairs = stamp_all(pts + again)
    assert repairs == {"backward_pts": 1}
    second = times[count:]
    assert second == pytest.approx([pts[-1] / 1000 + 0.04 + 0.03 * i for i in range(count)])


def test_camera_stamps_are_used_while_they_agree_with_the_clock():
    clock = CaptureClock()
    read = [(100.00, 7.010), (100.04, 7.100), (100.08, 7.105)]  # the reads come unevenly
    assert [clock.stamp(*pair) for pair in read] == pytest.approx([0.0, 0.04, 0.08])


@pytest.mark.parametrize(
    "camera",
    [
        (0.0, 0.0, 0.0),  # none
        (5.0, 5.0, 5.0),  # stopped
        (5.0, 905.0, 905.1),  # another clock
        (5.0, 4.9, 4.8),  # backwards
    ],
)
def test_camera_stamps_that_disagree_give_way_to_the_clock(camera):
    clock = CaptureClock()
    times = [clock.stamp(stamp, 7.0 + 0.1 * i) for i, stamp in enumerate(camera)]
    assert times == pytest.approx([0.0, 0.1, 0.2])


def test_the_clock_takes_over_without_running_backwards():
    clock = CaptureClock()
    # The camera runs 0.2 s ahead (trusted), then stops: the clock is behind the last time.
    times = [clock.stamp(*pair) for pair in [(1.0, 0.0), (1.3, 0.1), (1.3, 0.2), (1.3, 0.5)]]
    assert times[:2] == pytest.approx([0.0, 0.3]) and times[3] == pytest.approx(0.5)
    assert times[1] < times[2] < 0.301
