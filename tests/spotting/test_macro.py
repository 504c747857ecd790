import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.macro import MacroDetector
from spotting.motion.gates import GateLog
from spotting.motion.history import MotionUpdate
from spotting.motion.rows import N_ROWS
from streamer.core.records import Gate, Rejected, Spot
from tests.spotting.curves import CONFIG, ROWS, fill, motion_of, raised_cosine, times_of


def departures(times, curve):
    series = fill(times, motion_of(times, curve))
    found = MacroDetector(0, CONFIG).advance(series, flush=True)
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


def findings(times, curve, gates=(), baseline_end_s=-np.inf):
    """What is found where the gates hold in all frames."""
    log = GateLog(CONFIG.gates.margin_s)
    for time_s in times:
        log.push(float(time_s), gates)
    motion = np.zeros((len(times), N_ROWS, 2))
    motion[:, 0, 1] = curve
    series = fill(times, motion)
    update = MotionUpdate(None, [], series, log, baseline_end_s)
    return MacroDetector(3, CONFIG).detect(update)


def test_a_departure_is_a_spot_with_frames_and_regions():
    times = times_of(30, 8)
    (spot,) = findings(times, 0.15 * raised_cosine(times, 2.0, 3.0, 4.0))
    assert isinstance(spot, Spot) and (spot.face_id, spot.kind) == (3, "macro")
    assert spot.apex_frame == round(30 * spot.apex_s)
    assert spot.regions == ("brow_outer_left",)  # row 0


def test_gates_in_half_of_it_reject_it():
    times = times_of(30, 8)
    curve = 0.15 * raised_cosine(times, 2.0, 3.0, 4.0)
    (rejected,) = findings(times, curve, (Gate.HEAD_TURN,))
    assert isinstance(rejected, Rejected) and rejected.reason == "head turn"


def test_no_macro_expression_is_reported_in_the_baseline():
    times = times_of(30, 12)
    curve = 0.15 * (raised_cosine(times, 2.0, 3.0, 4.0) + raised_cosine(times, 7.0, 8.0, 9.0))
    first, second = findings(times, curve, baseline_end_s=5.0)
    assert isinstance(first, Rejected) and first.reason == "baseline"
    assert first.apex_s == pytest.approx(3.0, abs=0.05)
    assert isinstance(second, Spot) and second.apex_s == pytest.approx(8.0, abs=0.05)


def test_a_baseline_holds_from_the_first_frame_on():
    """Also before the noise has begun to be learned, as when a face leaves soon."""
    from spotting.motion.noise import NoiseFloor

    assert NoiseFloor(ROWS, SpotterConfig(baseline_s=5.0)).baseline_end_s == np.inf
    assert NoiseFloor(ROWS, CONFIG).baseline_end_s == -np.inf
