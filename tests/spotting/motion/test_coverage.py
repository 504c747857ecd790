"""Coverage against verdicts worked out by hand, and against what the gates really void."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from spotting.config import GateConfig
from spotting.micro.learned import LearnedDetector
from spotting.micro.rule import RuleDetector
from spotting.motion.coverage import CoverageWatcher
from spotting.motion.gates import GateLog
from spotting.motion.regions import REGION_NAMES, UPPER_FACE
from streamer.core.coverage import BASELINE, CAME_OR_WENT
from streamer.core.records import FaceMotion, Gate, Judged
from streamer.core.snapshot import capture, from_bytes, restore, set_state, state_of, to_bytes

FPS = 50
NO_BASELINE = -np.inf
NOWHERE = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)


def motion(frame: int, gates: tuple[Gate, ...] = ()) -> FaceMotion:
    return FaceMotion(frame, frame / FPS, 0, NOWHERE, (0.0, 0.0), 0.0, gates)


def watcher(detector: type = RuleDetector, lead_s: float = 0.0) -> CoverageWatcher:
    return CoverageWatcher(GateConfig(), detector.withheld, lead_s)


def verdicts(held: dict[int, tuple[Gate, ...]], frames: int = 100, **how) -> dict[int, Judged]:
    baseline_end_s = how.pop("baseline_end_s", NO_BASELINE)
    watching = watcher(**how)
    return {
        one.index: one
        for frame in range(frames)
        for one in watching.push(motion(frame, held.get(frame, ())), baseline_end_s)
    }


def test_the_halves_are_brows_and_lids_and_the_rest() -> None:
    assert {name.split("_")[0] for name in UPPER_FACE} == {"brow", "eye"}
    assert len(UPPER_FACE) == 6 and len(REGION_NAMES) - len(UPPER_FACE) == 9


@pytest.mark.parametrize(
    ("gates", "detector", "upper", "lower"),
    [
        ((), RuleDetector, "", ""),
        ((Gate.HEAD_TURN,), RuleDetector, "", ""),  # asks for more, and takes nothing
        ((Gate.LIGHT_JUMP,), RuleDetector, "light jump", "light jump"),
        ((Gate.COVERED,), LearnedDetector, "covered", "covered"),
        ((Gate.GAZE_SHIFT,), RuleDetector, "", ""),  # two lids of six regions
        ((Gate.BLINK,), RuleDetector, "blink", ""),  # of the lower nine, nose and cheeks: four
        ((Gate.BLINK,), LearnedDetector, "", ""),
        ((Gate.SPEECH,), RuleDetector, "", "speech"),
        ((Gate.SPEECH,), LearnedDetector, "", "speech"),
        ((Gate.BLINK, Gate.SPEECH), RuleDetector, "blink", "speech"),
        ((Gate.BLINK, Gate.BORDER, Gate.SPEECH), RuleDetector, "border", "border"),
        ((Gate.GAZE_SHIFT, Gate.BLINK), RuleDetector, "blink", ""),
        ((Gate.REANCHORED,), RuleDetector, "", ""),
    ],
)
def test_what_each_gate_takes(
    gates: tuple[Gate, ...], detector: type, upper: str, lower: str
) -> None:
    one = verdicts({50: gates}, detector=detector)[50]
    assert (one.upper, one.lower) == (upper, lower)


@pytest.mark.parametrize(("gate", "margin"), [(Gate.COVERED, 7), (Gate.BLINK, 5), (Gate.SPEECH, 0)])
def test_margins_reach_to_both_sides(gate: Gate, margin: int) -> None:
    """0.15 s are 7 frames at 50 a second, 0.10 s are 5; speech has none."""
    found = verdicts({50: (gate,), 53: (gate,)})
    half = "lower" if gate is Gate.SPEECH else "upper"
    lost = [frame for frame, one in found.items() if getattr(one, half)]
    wanted = {f for held in (50, 53) for f in range(held - margin, held + margin + 1)}
    assert lost == sorted(wanted)


def test_each_frame_once_in_order_and_the_last_ones_never() -> None:
    found = verdicts({20: (Gate.BLINK,)}, 100)
    assert list(found) == list(range(92))  # 92 is known when 99.5 has passed: 0.15 s later
    assert {one.lasts_us for one in found.values()} == {20_000}


def test_the_first_moments_and_the_baseline_are_not_judged() -> None:
    found = verdicts({}, lead_s=RuleDetector.lead_s)
    assert [f for f, one in found.items() if one.upper == CAME_OR_WENT] == list(range(15))  # 0.3 s
    found = verdicts({}, baseline_end_s=0.5, lead_s=0.3)
    assert [f for f, one in found.items() if one.lower == BASELINE] == list(range(26))


def test_a_gap_is_not_time_that_was_judged() -> None:
    watching = watcher()
    frames = [motion(0), FaceMotion(1, 3.0, 0, NOWHERE, (0.0, 0.0), 0.0), motion(200), motion(300)]
    found = [one for frame in frames for one in watching.push(frame, NO_BASELINE)]
    assert [one.lasts_us for one in found] == [250_000, 250_000, 250_000]


def test_an_event_is_void_exactly_if_it_touches_unjudged_time() -> None:
    """The gates as the detectors ask them, over random gates and all short intervals."""
    random = np.random.default_rng(7)
    gates = (Gate.COVERED, Gate.GAZE_SHIFT, Gate.LIGHT_JUMP, Gate.BORDER)
    held = {int(f): (gates[random.integers(4)],) for f in random.choice(100, 6, replace=False)}
    log = GateLog(GateConfig().margin_s)
    for frame in range(100):
        log.push(frame / FPS, held.get(frame, ()))
    found = verdicts(held)
    assert len({one.upper for one in found.values()}) > 2
    for onset, length in itertools.product(range(80), range(2, 13)):
        touched = {found[f].upper for f in range(onset, onset + length)} - {""}
        void = log.voids(onset / FPS, (onset + length - 1) / FPS, eyes_only=False)
        assert (void is not None) == bool(touched), (onset, length)
        assert void is None or touched


def test_it_continues_from_a_checkpoint() -> None:
    held = dict.fromkeys((30, 48, 49, 70), (Gate.BLINK,))
    whole = verdicts(held)
    first, second = watcher(), watcher()
    found = [j for f in range(51) for j in first.push(motion(f, held.get(f, ())), NO_BASELINE)]
    snapshot, _ = from_bytes(to_bytes(capture(state_of(first)), {}))
    set_state(second, restore(snapshot))
    for frame in range(51, 100):
        found += second.push(motion(frame, held.get(frame, ())), NO_BASELINE)
    assert found == list(whole.values())
