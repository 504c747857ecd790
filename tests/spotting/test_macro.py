"""Macro-expressions in meshes of known content: readings as the tracker gives them."""

import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.macro import AHEAD_S, MacroDetector
from spotting.motion.gates import GateLog
from spotting.motion.history import MotionUpdate
from spotting.motion.regions import REGION_NAMES
from streamer.core.records import FaceMotion, Gate, MeshReading, Rejected, Spot
from streamer.core.snapshot import capture, from_bytes, restore, set_state, state_of, to_bytes
from tests.spotting.curves import CONFIG, raised_cosine, times_of

FPS = 30
BROW, CHIN, EYE = (REGION_NAMES.index(n) for n in ("brow_outer_left", "chin", "eye_left"))
STILL = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)
LIDS = np.full(2, 0.15, dtype=np.float32)


def updates(curve, region=BROW, every=4, gates=(), turn=0.0, baseline_end_s=-np.inf, noise=0.001):
    """What a detector is handed, a mesh at every so many-th frame; the end last."""
    random, log, reading = np.random.default_rng(3), GateLog(CONFIG.gates.margin_s), None
    for k, height in enumerate(curve):
        if k % every == 0:
            where = STILL + random.normal(0, noise, STILL.shape).astype(np.float32)
            where[region, 1] -= height
            head = np.array([0.0, turn * height, 0.0])
            reading = MeshReading(k, k / FPS, where, LIDS, 0.01, head)
        log.push(k / FPS, gates)
        motion = FaceMotion(k, k / FPS, 3, STILL, (0.0, 0.0), 0.0, gates, mesh=reading)
        yield MotionUpdate(motion, [], None, log, baseline_end_s)
    yield MotionUpdate(None, [], None, log, baseline_end_s)


def found_in(curve, config=CONFIG, **scene):
    detector = MacroDetector(3, config)
    return [one for update in updates(curve, **scene) for one in detector.detect(update)]


def smile(times, height=0.08, at=(4.0, 5.0, 6.0)):
    return height * raised_cosine(times, *at)


@pytest.mark.parametrize("at", [(4.0, 4.4, 4.7), (4.0, 5.0, 6.0), (4.0, 5.8, 7.4)])
@pytest.mark.parametrize("every", [2, 7])
def test_an_expression_of_half_a_second_to_four_is_found_with_its_times(at, every):
    (spot,) = found_in(smile(times_of(FPS, 12), at=at), every=every)
    assert isinstance(spot, Spot) and (spot.face_id, spot.kind) == (3, "macro")
    assert spot.onset_s == pytest.approx(at[0], abs=0.25)
    assert spot.apex_s == pytest.approx(at[1], abs=0.2)
    assert spot.offset_s == pytest.approx(at[2], abs=0.25)
    assert spot.apex_frame == pytest.approx(FPS * spot.apex_s, abs=1)
    assert spot.regions[0] == "brow_outer_left"
    assert 1.5 < spot.score < 2.1  # 0.08 over 0.04 IOD


@pytest.mark.parametrize(
    ("curve", "scene"),
    [
        (smile(times_of(FPS, 12), height=0.02), {}),  # too small
        (smile(times_of(FPS, 12), at=(4.0, 4.15, 4.3)), {}),  # a micro-expression
        (0.1 * np.clip(times_of(FPS, 12) - 4.0, 0, 1), {}),  # does not come back
        (smile(times_of(FPS, 12)), {"region": CHIN}),  # a jaw
        (smile(times_of(FPS, 12)), {"region": EYE}),  # looks down
        (smile(times_of(FPS, 12), height=0.08), {"turn": 10.0}),  # goes with the head
    ],
)
def test_what_is_no_expression(curve, scene):
    assert found_in(curve, **scene) == []


def test_what_happens_again_and_again_raises_the_threshold():
    times = times_of(FPS, 20)
    assert len(found_in(smile(times, 0.06))) == 1
    restless = 0.04 * np.sin(2 * np.pi * times / 1.1)
    assert found_in(restless + smile(times, 0.06, (12.0, 13.0, 14.0))) == []


def test_it_is_known_as_soon_as_nothing_after_it_can_outdo_it():
    detector, known_s = MacroDetector(3, CONFIG), None
    for update in updates(smile(times_of(FPS, 12)), every=3):
        if detector.detect(update) and known_s is None:
            known_s = update.motion.time_s
    assert 5.0 + AHEAD_S - 0.5 < known_s < 5.0 + AHEAD_S + 0.4


def test_gates_in_half_of_it_reject_it():
    (rejected,) = found_in(smile(times_of(FPS, 12)), gates=(Gate.COVERED,))
    assert isinstance(rejected, Rejected) and rejected.reason == "covered"
    (spot,) = found_in(smile(times_of(FPS, 12)), gates=(Gate.HEAD_TURN, Gate.SPEECH))
    assert isinstance(spot, Spot)


def test_no_macro_expression_is_reported_in_the_baseline():
    times = times_of(FPS, 20)
    curve = smile(times) + smile(times, at=(12.0, 13.0, 14.0))
    first, second = found_in(curve, baseline_end_s=8.0)
    assert isinstance(first, Rejected) and first.reason == "baseline"
    assert isinstance(second, Spot) and second.apex_s == pytest.approx(13.0, abs=0.2)


def test_sensitivity_halves_what_is_asked_for():
    curve = smile(times_of(FPS, 12), 0.03)
    assert found_in(curve) == []
    assert len(found_in(curve, SpotterConfig(sensitivity=2.0))) == 1


def test_it_continues_from_a_checkpoint():
    curve = smile(times_of(FPS, 12))
    whole, cut = found_in(curve), 150
    first, second, found = MacroDetector(3, CONFIG), MacroDetector(3, CONFIG), []
    for k, update in enumerate(updates(curve)):
        if k == cut:
            set_state(second, restore(from_bytes(to_bytes(capture(state_of(first)), {}))[0]))
        found += (first if k < cut else second).detect(update)
    assert found == whole and len(found) == 1
