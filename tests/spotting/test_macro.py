"""Macro-expressions in meshes of known content: readings as the tracker gives them."""

import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.macro import AHEAD_S, MacroDetector
from spotting.motion.expressions import EXPRESSIONS
from spotting.motion.gates import GateLog
from spotting.motion.history import MotionUpdate
from spotting.motion.regions import REGION_NAMES
from streamer.core.records import FaceMotion, Gate, MeshReading, Rejected, Spot
from streamer.core.snapshot import capture, from_bytes, restore, set_state, state_of, to_bytes
from tests.spotting.curves import CONFIG, raised_cosine, times_of

FPS = 30
STILL = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)
LIDS = np.full(2, 0.15, dtype=np.float32)
SMILE = {"mouth_left": (-0.6, -0.8), "mouth_right": (0.6, -0.8)}
BROWS = [f"brow_{place}_{side}" for place in ("inner", "outer") for side in ("left", "right")]
RAISE = dict.fromkeys(BROWS, (0.0, -1.0))
NOD = {**dict.fromkeys(BROWS, (0.0, 0.17)), **dict.fromkeys(SMILE, (0.0, -0.25))}
CHIN, LOOK = {"chin": (0.0, 1.0)}, {"eye_left": (0.0, 1.0), "eye_right": (0.0, 1.0)}


def updates(curve, ways=SMILE, every=4, gates=(), nod=0.0, baseline_end_s=-np.inf, noise=0.001):
    """What a detector is handed, a mesh at every so many-th frame; the end last."""
    random, log, reading = np.random.default_rng(3), GateLog(CONFIG.gates.margin_s), None
    for k, height in enumerate(curve):
        if k % every == 0:
            where = STILL + random.normal(0, noise, STILL.shape).astype(np.float32)
            for region, way in ways.items():
                where[REGION_NAMES.index(region)] += np.float32(height) * np.array(way, np.float32)
            head = np.array([nod * height, 0.0, 0.0])
            reading = MeshReading(k, k / FPS, where, LIDS, 0.01, head)
        log.push(k / FPS, gates)
        motion = FaceMotion(k, k / FPS, 3, STILL, (0.0, 0.0), 0.0, gates, mesh=reading)
        yield MotionUpdate(motion, [], None, log, baseline_end_s)
    yield MotionUpdate(None, [], None, log, baseline_end_s)


def found_in(curve, config=CONFIG, **scene):
    detector = MacroDetector(3, config)
    return [one for update in updates(curve, **scene) for one in detector.detect(update)]


def moved(seconds=12, height=0.08, at=(4.0, 5.0, 6.0), hold_s=0.0):
    """Rises to `at[1]`, is held, and falls."""
    times = times_of(FPS, seconds)
    early = np.where(times <= at[1], times, np.maximum(times - hold_s, at[1]))
    return height * raised_cosine(early, *at)


@pytest.mark.parametrize(
    ("at", "hold_s"),
    [((4.0, 4.4, 4.7), 0.0), ((4.0, 5.0, 6.0), 0.0), ((4.0, 4.4, 4.9), 2.5)],
)
@pytest.mark.parametrize("every", [2, 7])
@pytest.mark.parametrize(("ways", "height"), [(SMILE, 0.08), (RAISE, 0.05)])
def test_an_expression_of_half_a_second_to_four_is_found_with_its_times(
    at, hold_s, every, ways, height
):
    (spot,) = found_in(moved(height=height, at=at, hold_s=hold_s), every=every, ways=ways)
    assert isinstance(spot, Spot) and (spot.face_id, spot.kind) == (3, "macro")
    assert spot.onset_s == pytest.approx(at[0], abs=0.25)
    assert spot.apex_s == pytest.approx(at[1], abs=0.25)
    assert spot.offset_s == pytest.approx(at[2] + hold_s, abs=0.25)
    assert spot.apex_frame == pytest.approx(FPS * spot.apex_s, abs=1)
    assert set(spot.regions) == set(ways)
    assert 1.2 < spot.score < 2.05  # at most twice the smallest height; its inner half counts


def test_one_side_alone_is_named_and_must_move_farther():
    (spot,) = found_in(moved(), ways={"mouth_right": SMILE["mouth_right"]})
    assert spot.regions == ("mouth_right",)
    both = {**SMILE}
    assert len(found_in(moved(height=0.055), ways=both)) == 1
    assert found_in(moved(height=0.055), ways={"mouth_right": both["mouth_right"]}) == []


def test_the_curves_by_hand():
    rows = np.zeros((1, EXPRESSIONS.weight.shape[1], 2))
    rows[0, REGION_NAMES.index("mouth_right")] = (0.3, -0.4)
    curves = EXPRESSIONS.curves(rows, np.array([[0.1, 0.5, 0.5]]))[0]
    by_name = dict(
        zip(zip(EXPRESSIONS.names, EXPRESSIONS.regions, strict=True), curves, strict=True)
    )
    assert by_name["smile", ("mouth_right",)] == pytest.approx(0.6 * 0.3 + 0.8 * 0.4 - 0.02)
    assert by_name["smile", ("mouth_left",)] == pytest.approx(-0.02)  # of the nod alone
    assert by_name["frown", ("brow_inner_left", "brow_inner_right")] == pytest.approx(-0.015)


@pytest.mark.parametrize(
    ("curve", "scene"),
    [
        (moved(height=0.02), {}),  # too small
        (moved(at=(4.0, 4.15, 4.3)), {}),  # a micro-expression
        (0.05 * np.clip(times_of(FPS, 12) - 4.0, 0, 1), {}),  # does not come back
        (-moved(), {}),  # the mouth is drawn in, and down
        (moved(), {"ways": CHIN}),  # a jaw
        (moved(), {"ways": LOOK}),  # looks down
        (moved(height=0.3), {"ways": NOD, "nod": 1.0}),  # goes with the head
    ],
)
def test_what_is_no_expression(curve, scene):
    assert found_in(curve, **scene) == []


def test_what_is_there_when_the_face_comes_or_goes_is_told_from_its_other_end():
    times, height = times_of(FPS, 12), 0.09
    fall = height * np.clip((2.0 - times) / 0.5, 0, 1)
    (first,) = found_in(fall)
    assert first.onset_s == 0.0 and first.offset_s == pytest.approx(2.0, abs=0.25)
    rise = height * np.clip((times - 9.5) / 0.5, 0, 1)
    (last,) = found_in(rise)
    assert last.onset_s == pytest.approx(9.5, abs=0.25) and last.offset_s > 11.7
    assert found_in(0.5 * rise) == []


def test_what_happens_again_and_again_raises_the_threshold_up_to_what_is_clear():
    at, high = (12.0, 13.0, 14.0), SpotterConfig(macro_clear_factor=10.0)
    restless = 0.04 * np.sin(2 * np.pi * times_of(FPS, 20) / 1.4)
    assert len(found_in(moved(20, 0.055, at))) == 1
    assert found_in(restless + moved(20, 0.055, at), high) == []
    clear = restless + moved(20, 0.12, at)
    assert found_in(clear, SpotterConfig(macro_clear_factor=2.0)) != []
    assert found_in(clear, SpotterConfig(macro_noise_factor=10.0, macro_clear_factor=10.0)) == []


def test_it_is_known_as_soon_as_nothing_after_it_can_outdo_it():
    detector, known_s = MacroDetector(3, CONFIG), None
    for update in updates(moved(), every=3):
        if detector.detect(update) and known_s is None:
            known_s = update.motion.time_s
    assert 6.0 < known_s < 6.0 + AHEAD_S + 0.4


def test_gates_in_half_of_it_reject_it():
    (rejected,) = found_in(moved(), gates=(Gate.COVERED,))
    assert isinstance(rejected, Rejected) and rejected.reason == "covered"
    (spot,) = found_in(moved(height=0.1), gates=(Gate.HEAD_TURN, Gate.SPEECH))
    assert isinstance(spot, Spot)


def test_a_smile_in_speech_must_be_higher():
    assert len(found_in(moved(height=0.06))) == 1
    assert found_in(moved(height=0.06), gates=(Gate.SPEECH,)) == []


def test_no_macro_expression_is_reported_in_the_baseline():
    curve = moved(20) + moved(20, at=(12.0, 13.0, 14.0))
    first, second = found_in(curve, baseline_end_s=8.0)
    assert isinstance(first, Rejected) and first.reason == "baseline"
    assert isinstance(second, Spot) and second.apex_s == pytest.approx(13.0, abs=0.2)


def test_sensitivity_halves_what_is_asked_for():
    curve = moved(height=0.035)
    assert found_in(curve) == []
    assert len(found_in(curve, SpotterConfig(sensitivity=2.0))) == 1


def test_it_is_not_reported_again():
    detector = MacroDetector(3, CONFIG)
    detector.note(Spot(3, "macro", 4.1, 5.0, 5.9, 123, 150, 177, 1.0, ()))
    assert [one for update in updates(moved()) for one in detector.detect(update)] == []


def test_it_continues_from_a_checkpoint():
    curve = moved()
    whole, cut = found_in(curve), 190
    first, second, found = MacroDetector(3, CONFIG), MacroDetector(3, CONFIG), []
    for k, update in enumerate(updates(curve)):
        if k == cut:
            set_state(second, restore(from_bytes(to_bytes(capture(state_of(first)), {}))[0]))
        found += (first if k < cut else second).detect(update)
    assert found == whole and len(found) == 1


def test_what_is_kept_is_bounded():
    detector = MacroDetector(3, CONFIG)
    curve = 0.1 * np.abs(np.sin(times_of(FPS, 40)))
    for update in updates(curve):
        detector.detect(update)
        assert len(detector._waiting) < 200 and len(detector._usual) <= 300
