"""The clock of the camera and that of a player, with times written out by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.sources.capture import EvenClock, RecordingClock
from streamer.sources.timing import PresentationClock

MS = Fraction(1, 1000)


def test_without_places_frames_are_counted():
    clock = EvenClock(120.0)
    assert [clock.stamp() for _ in range(4)] == [0.0, 1 / 120, 2 / 120, 3 / 120]


def test_a_gap_of_whole_frames_is_kept():
    """120 a second shown as 30; the camera lost the two frames after the 20th."""
    slots = [*range(20), *range(22, 30)]
    clock = EvenClock(120.0)
    assert [clock.stamp(slot / 30) for slot in slots] == [slot / 120 for slot in slots]


def test_rounded_stamps_of_an_even_clock_are_no_gaps():
    clock = EvenClock(240.0)
    times = [clock.stamp(round(1000 * n / 30) / 1000) for n in range(100)]
    assert times == [n / 240 for n in range(100)]


def test_an_uneven_clock_has_no_grid_to_leave_gaps_in():
    gaps = [0.02, 0.05] * 20
    clock, place, times = EvenClock(30.0), 0.0, []
    for gap in gaps:
        times.append(clock.stamp(place))
        place += gap
    assert times == [n / 30 for n in range(len(gaps))]


@given(st.lists(st.floats(1e-6, 100.0), max_size=60), st.floats(1.0, 1000.0))
def test_times_always_move_on_by_whole_frames(gaps, fps):
    clock, place, last = EvenClock(fps), 0.0, -1
    for gap in gaps:
        place += gap
        slot = clock.stamp(place) * fps
        assert slot == pytest.approx(round(slot), abs=1e-6) and round(slot) > last
        last = round(slot)


def places(pts, *, fps=None, zero_s=0.0):
    presentation = PresentationClock(lambda name: None, 25.0)
    clock = RecordingClock(presentation, None if fps is None else EvenClock(fps), zero_s)
    return [clock.stamp(value, MS, 40) for value in pts], clock


def test_clocks_that_agree_are_one():
    stamped, _ = places([0, 40, 80])
    assert stamped == [(0.0, None), (0.04, None), (0.08, None)]


def test_a_late_start_is_the_place_of_the_first_frame():
    stamped, clock = places([2500, 2540, 2580])
    assert [time_s for time_s, _ in stamped] == pytest.approx([0.0, 0.04, 0.08])
    assert [media_s for _, media_s in stamped] == pytest.approx([2.5, 2.54, 2.58])
    assert clock.last_s == pytest.approx(0.08)


def test_a_player_may_count_from_elsewhere():
    assert places([3_600_000], zero_s=3598.5)[0][0][1] == pytest.approx(1.5)
    assert places([3_600_000], zero_s=3600.0)[0][0] == (0.0, None)
    assert places([0], zero_s=-0.5)[0][0][1] == pytest.approx(0.5)  # the sound began before
    assert places([-500], zero_s=-0.5)[0][0] == (0.0, None)


def test_slow_motion_that_begins_late():
    stamped, clock = places([1000, 1040, 1080], fps=100.0)
    assert [time_s for time_s, _ in stamped] == [0.0, 0.01, 0.02]
    assert [media_s for _, media_s in stamped] == pytest.approx([1.0, 1.04, 1.08])
    assert clock.last_s == pytest.approx(0.08)  # what the header's duration is compared with


def test_without_a_stamp_the_first_frame_is_at_the_start():
    assert places([None, None, 80])[0][0] == (0.0, None)
