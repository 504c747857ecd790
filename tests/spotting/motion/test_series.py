import numpy as np

from spotting.motion.series import MotionSeries
from tests.spotting.curves import ROWS, fill, motion_of, times_of


def test_at_thirty_fps_nothing_is_smoothed():
    times = times_of(30, 1)
    motion = motion_of(times, np.arange(len(times)) ** 2.0)
    series = fill(times, motion)
    np.testing.assert_allclose(series.smooth[series.final], motion, rtol=1e-6)


def test_at_200_fps_seven_frames_are_averaged():
    times = times_of(200, 0.5)
    curve = np.zeros(len(times))
    curve[50] = 7.0
    series = fill(times, motion_of(times, curve))
    np.testing.assert_allclose(series.smooth[47:54, 0, 1], 1.0, rtol=1e-6)
    np.testing.assert_allclose(series.smooth[[46, 54], 0, 1], 0.0, atol=1e-9)


def test_a_sample_is_final_after_the_confirmation_delay():
    series = MotionSeries(ROWS, 9.0, 0.034, confirm_s=0.1)
    finals = []
    for k, t in enumerate([0.0, 0.04, 0.08, 0.12, 0.16]):
        series.push(t, k, np.zeros((ROWS, 2)), np.zeros(7), np.zeros(ROWS, dtype=bool), 0.1)
        finals.append(series.final.stop)
    assert finals == [0, 0, 0, 1, 2]
    series.flush()
    assert series.final == series.raw == slice(0, 5)


def test_a_gate_holds_the_value_on_both_sides():
    times = times_of(100, 1)
    curve = np.where((times >= 0.5) & (times < 0.52), 9.0, times)
    gated = np.zeros((len(times), ROWS), dtype=bool)
    gated[50:52, 0] = True  # the margin is 0.1 s: 0.40 .. 0.61 is held
    series = fill(times, motion_of(times, curve), gated=gated)
    held = series.smooth[40:61, 0, 1]
    np.testing.assert_allclose(held, held[0])
    assert abs(held[0] - 0.39) < 0.011
    assert abs(series.smooth[70, 0, 1] - 0.70) < 1e-5
    assert not series.open[45, 0]
    assert series.open[45, 1]


def test_memory_is_bounded_and_sample_numbers_go_on():
    times = times_of(200, 60)
    series = fill(times, motion_of(times, times), keep_s=3.0)
    assert len(series.time_s) <= 2048
    last = series.final.stop - 1
    assert series.dropped + last == len(times) - 1
    assert series.index[last] == len(times) - 1
    assert abs(series.smooth[last, 0, 1] - times[-3:].mean()) < 0.02
