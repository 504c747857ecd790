import numpy as np
import pytest

from spotting.macro import DepartureDetector
from tests.spotting.curves import CONFIG, ROWS, fill, motion_of, raised_cosine, times_of


def departures(times, curve):
    series = fill(times, motion_of(times, curve))
    found = DepartureDetector(ROWS, CONFIG).advance(series, flush=True)
    return [(times[d.onset], times[d.apex], times[d.offset], d.score) for d in found]


def test_a_smile_of_two_seconds():
    times = times_of(30, 8)
    ((onset, apex, offset, score),) = departures(times, 0.15 * raised_cosine(times, 2.0, 3.0, 4.0))
    assert onset == pytest.approx(2.3, abs=0.15)  # 20 % of the height
    assert apex == pytest.approx(3.0, abs=0.05)
    assert offset == pytest.approx(3.6, abs=0.15)  # a third of the height
    assert score == pytest.approx(0.15 / CONFIG.macro_open_iod, rel=0.1)


def test_what_is_as_short_as_a_micro_expression_is_left_to_the_other_detector():
    times = times_of(30, 8)
    assert departures(times, 0.15 * raised_cosine(times, 2.0, 2.2, 2.4)) == []


def test_a_small_movement_is_no_macro_expression():
    times = times_of(30, 8)
    assert departures(times, 0.04 * raised_cosine(times, 2.0, 3.0, 4.0)) == []


def test_a_face_that_stays_changed_is_closed_in_time_and_becomes_rest():
    times = times_of(30, 20)
    found = departures(times, 0.2 * np.clip(times - 2.0, 0, 1))
    assert len(found) == 1
    assert found[0][2] - found[0][0] == pytest.approx(CONFIG.macro_max_s, abs=0.5)


def test_what_is_open_at_the_end_is_flushed():
    times = times_of(30, 4)
    found = departures(times, 0.2 * np.clip(times - 2.0, 0, 1))
    assert len(found) == 1
    assert found[0][2] == times[-1]
