import numpy as np
import pytest

from spotting.config import GateConfig
from spotting.motion.gates import GateLog, GateWatcher
from streamer.core.records import FaceMotion, FrameQuality, Gate, gates_from_text, gates_to_text

STILL = np.zeros(6)
FPS = 30


def motion(frame, blink=0.0, head=STILL, brightness=120.0, **quality):
    seen = FrameQuality(brightness=brightness, **quality)
    place = (frame, frame / FPS, 0, np.zeros((15, 2), dtype=np.float32), (0.0, 0.0))
    return FaceMotion(*place, blink, head_iod=head, quality=seen)


def gates_of(speaking=False, **seen):
    watcher = GateWatcher(GateConfig())
    watcher.push(motion(0), False)
    return watcher.push(motion(1, **seen), speaking)


def test_a_quiet_frame_has_no_gate():
    assert gates_of() == ()


def test_gates_have_one_written_form():
    for gates, text in (
        ((), ""),
        ((Gate.BLINK,), "blink"),
        (tuple(Gate)[2:4], "head turn+covered"),
    ):
        assert (gates_to_text(gates), gates_from_text(text)) == (text, gates)
    with pytest.raises(ValueError, match="dance"):
        gates_from_text("blink+dance")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"blink": 0.3}, "blink"),
        ({"gaze_shift_iod": 0.02}, "gaze shift"),
        ({"cover_change": 0.7}, "covered"),
        ({"brightness": 150.0}, "light jump"),
        ({"brightness": 90.0}, "light jump"),
        ({"visible": 0.9}, "border"),
        ({"new_anchor": True}, "re-anchored"),
    ],
)
def test_each_fault_of_a_frame_has_its_gate(change, reason):
    assert gates_of(**change) == (Gate(reason),)


def test_irises_go_along_in_a_blink():
    assert gates_of(blink=0.3, gaze_shift_iod=0.05) == (Gate.BLINK,)


def test_several_reasons_are_all_named():
    both = gates_of(blink=0.3, visible=0.5, speaking=True)
    assert both == (Gate.BLINK, Gate.BORDER, Gate.SPEECH)


@pytest.mark.parametrize("axis", [0, 1, 2, 3, 4, 5])
def test_a_fast_head_is_a_gate_and_a_slow_one_is_not(axis):
    def walk(speed):
        watcher, found = GateWatcher(GateConfig()), []
        for k in range(2 * FPS):
            head = STILL.copy()
            head[axis] = speed * k / FPS
            found += watcher.push(motion(k, head=head), False)
        return found

    assert set(walk(0.5)) == {Gate.HEAD_TURN}
    assert walk(0.05) == []


def test_slow_light_is_no_jump():
    watcher = GateWatcher(GateConfig())
    for k in range(100):
        assert watcher.push(motion(k, brightness=100.0 + 0.5 * k), False) == ()


def log_of(start_s, end_s, *gates):
    """Four seconds with these gates in a part of them."""
    log = GateLog(GateConfig().margin_s)
    for k in range(4 * FPS):
        log.push(k / FPS, gates if start_s <= k / FPS <= end_s else ())
    return log


def test_an_event_in_or_next_to_a_gate_is_void():
    log = log_of(2.0, 2.2, Gate.COVERED)
    assert log.voids(1.9, 2.3, eyes_only=False) is Gate.COVERED
    assert log.voids(2.3, 2.5, eyes_only=False) is Gate.COVERED  # within the margin of 0.15 s
    assert log.voids(2.5, 2.8, eyes_only=False) is None
    assert log.voids(1.2, 1.8, eyes_only=False) is None


def test_only_some_gates_void():
    for gate in (Gate.BLINK, Gate.SPEECH, Gate.REANCHORED):
        assert log_of(2.0, 2.2, gate).voids(1.9, 2.3, eyes_only=True) is None
    both = log_of(2.0, 2.2, Gate.BLINK, Gate.HEAD_TURN, Gate.BORDER)
    assert both.voids(1.9, 2.3, eyes_only=False) is Gate.HEAD_TURN


def test_a_gaze_shift_voids_events_of_the_eyes_only():
    log = log_of(2.0, 2.2, Gate.GAZE_SHIFT)
    assert log.voids(2.0, 2.3, eyes_only=True) is Gate.GAZE_SHIFT
    assert log.voids(2.0, 2.3, eyes_only=False) is None


def test_a_macro_movement_is_void_when_half_of_it_is():
    log = log_of(2.0, 3.0, Gate.BORDER)
    assert log.voids_half(1.5, 3.0) is Gate.BORDER
    assert log.voids_half(0.0, 3.0) is None
    assert log_of(2.0, 3.0, Gate.GAZE_SHIFT).voids_half(2.0, 3.0) is None
