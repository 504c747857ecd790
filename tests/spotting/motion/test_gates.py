from dataclasses import replace

import numpy as np
import pytest

from spotting.config import GateConfig
from spotting.motion.gates import GateKeeper, Look

QUIET = Look(eyes=0.0, gaze_iod=0.0, covered=0.0, brightness=120.0, visible=1.0, new_anchor=False)
STILL = np.zeros(6)
FPS = 30


def gates_of(look=QUIET, head=STILL, speech=False):
    keeper = GateKeeper(GateConfig())
    keeper.push(0.0, QUIET, STILL, False)
    return keeper.push(1 / FPS, look, head, speech)


def test_a_quiet_frame_has_no_gate():
    assert gates_of() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"eyes": 0.3}, "blink"),
        ({"gaze_iod": 0.02}, "gaze shift"),
        ({"covered": 0.7}, "covered"),
        ({"brightness": 150.0}, "light jump"),
        ({"brightness": 90.0}, "light jump"),
        ({"visible": 0.9}, "border"),
        ({"new_anchor": True}, "re-anchored"),
    ],
)
def test_each_look_has_its_reason(change, reason):
    assert gates_of(replace(QUIET, **change)) == [reason]


def test_irises_go_along_in_a_blink():
    assert gates_of(replace(QUIET, eyes=0.3, gaze_iod=0.05)) == ["blink"]


def test_several_reasons_are_all_named():
    both = gates_of(replace(QUIET, eyes=0.3, visible=0.5), speech=True)
    assert both == ["blink", "border", "speech"]


@pytest.mark.parametrize("axis", [0, 1, 2, 3, 4, 5])
def test_a_fast_head_is_a_gate_and_a_slow_one_is_not(axis):
    def walk(speed):
        keeper, found = GateKeeper(GateConfig()), []
        for k in range(2 * FPS):
            head = STILL.copy()
            head[axis] = speed * k / FPS
            found += keeper.push(k / FPS, QUIET, head, False)
        return found

    assert set(walk(0.5)) == {"head turn"}
    assert walk(0.05) == []


def test_slow_light_is_no_jump():
    keeper = GateKeeper(GateConfig())
    for k in range(100):
        look = replace(QUIET, brightness=100.0 + 0.5 * k)
        assert keeper.push(k / FPS, look, STILL, False) == []


def filled(reason_from_s, reason_to_s, change):
    keeper = GateKeeper(GateConfig())
    for k in range(4 * FPS):
        inside = reason_from_s <= k / FPS <= reason_to_s
        keeper.push(k / FPS, replace(QUIET, **change) if inside else QUIET, STILL, False)
    return keeper


def test_an_event_in_or_next_to_a_gate_is_void():
    keeper = filled(2.0, 2.2, {"covered": 0.9})
    assert keeper.voided(1.9, 2.3, eyes_only=False) == "covered"
    assert keeper.voided(2.3, 2.5, eyes_only=False) == "covered"  # within the margin of 0.15 s
    assert keeper.voided(2.5, 2.8, eyes_only=False) == ""
    assert keeper.voided(1.2, 1.8, eyes_only=False) == ""


def test_a_gaze_shift_voids_events_of_the_eyes_only():
    keeper = filled(2.0, 2.2, {"gaze_iod": 0.02})
    assert keeper.voided(2.0, 2.3, eyes_only=True) == "gaze shift"
    assert keeper.voided(2.0, 2.3, eyes_only=False) == ""


def test_a_macro_movement_is_void_when_half_of_it_is():
    keeper = filled(2.0, 3.0, {"visible": 0.5})
    assert keeper.mostly_voided(1.5, 3.0) == "border"
    assert keeper.mostly_voided(0.0, 3.0) == ""
    assert filled(2.0, 3.0, {"gaze_iod": 0.02}).mostly_voided(2.0, 3.0) == ""
