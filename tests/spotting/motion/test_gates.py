import numpy as np
import pytest

from spotting.config import GateConfig
from spotting.motion.gates import GateLog, GateWatcher
from streamer.core.records import (
    FaceMotion,
    FrameQuality,
    Gate,
    MeshReading,
    gates_from_text,
    gates_to_text,
)

STILL = np.zeros(6)
FPS = 30


def reading(frame, lids=0.15, lips=0.01, turn=(0.0, 0.0, 0.0)):
    where = np.zeros((15, 2), dtype=np.float32)
    open_iod = np.full(2, lids, dtype=np.float32)
    return MeshReading(frame, frame / FPS, where, open_iod, lips, np.array(turn))


def motion(frame, blink=0.0, head=STILL, brightness=120.0, mesh=None, **quality):
    seen = FrameQuality(brightness=brightness, **quality)
    place = (frame, frame / FPS, 0, np.zeros((15, 2), dtype=np.float32), (0.0, 0.0))
    return FaceMotion(*place, blink, head_iod=head, quality=seen, mesh=mesh)


def gates_of(**seen):
    watcher = GateWatcher(GateConfig())
    watcher.push(motion(0, mesh=reading(0)))
    return watcher.push(motion(1, **{"mesh": reading(1), **seen}))


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


CLOSED = reading(1, lids=0.08)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"blink": 0.3, "mesh": CLOSED}, "blink"),
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
    assert gates_of(blink=0.3, mesh=CLOSED, gaze_shift_iod=0.05) == (Gate.BLINK,)


def test_several_reasons_are_all_named():
    both = gates_of(blink=0.3, mesh=CLOSED, visible=0.5)
    assert both == (Gate.BLINK, Gate.BORDER)


def test_lowered_brows_narrow_the_eyes_and_are_no_blink():
    narrowed = reading(1, lids=0.135)  # a tenth less; their picture changes little
    assert gates_of(blink=0.03, mesh=narrowed) == ()
    assert gates_of(blink=0.1, mesh=narrowed) == (Gate.BLINK,)


@pytest.mark.parametrize(
    ("lids", "blink", "expected"),
    [
        (0.15, 0.4, ()),  # the picture changes, the lids do not: a turn, a shadow
        (0.19, 0.4, ()),  # wide open
        (0.12, 0.1, (Gate.BLINK,)),  # a fifth of the way is gone
        (0.14, 0.05, ()),  # a lid that tightens
        (0.142, 0.25, (Gate.BLINK,)),  # little by the mesh, much in the picture
    ],
)
def test_a_blink_needs_lids_that_close(lids, blink, expected):
    assert gates_of(blink=blink, mesh=reading(1, lids=lids)) == expected


def walk(axis, speed):
    """Gates of two seconds in which the head goes or turns steadily along one axis."""
    watcher, found = GateWatcher(GateConfig()), []
    for k in range(2 * FPS):
        way = np.zeros(5)
        way[axis] = speed * k / FPS
        head = np.concatenate([way[:2], np.zeros(4)])
        found += watcher.push(motion(k, head=head, mesh=reading(k, turn=way[2:])))
    return set(found)


@pytest.mark.parametrize(("axis", "fast", "slow"), [(0, 1.8, 1.5), (1, 1.8, 1.5), (2, 0.36, 0.3)])
def test_a_fast_head_is_a_gate_and_a_slow_one_is_not(axis, fast, slow):
    """0.5 IOD or 0.1 rad within 0.3 s: 1.7 IOD or 0.33 rad a second."""
    assert walk(axis, fast) == {Gate.HEAD_TURN}
    assert walk(axis, slow) == set()


def test_a_face_that_looks_otherwise_because_it_turns_is_not_covered():
    watcher, found = GateWatcher(GateConfig()), []
    for k in range(12):
        turn = (0.0, 0.03 * k, 0.0)
        found += watcher.push(motion(k, mesh=reading(k, turn=turn), cover_change=0.1 * k))
    assert set(found) == {Gate.HEAD_TURN}


def test_slow_light_is_no_jump():
    watcher = GateWatcher(GateConfig())
    for k in range(100):
        assert watcher.push(motion(k, brightness=100.0 + 0.5 * k)) == ()


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
    for gate in (Gate.BLINK, Gate.SPEECH, Gate.HEAD_TURN, Gate.REANCHORED):
        assert log_of(2.0, 2.2, gate).voids(1.9, 2.3, eyes_only=True) is None
    both = log_of(2.0, 2.2, Gate.BLINK, Gate.HEAD_TURN, Gate.COVERED, Gate.BORDER)
    assert both.voids(1.9, 2.3, eyes_only=False) is Gate.COVERED


def test_a_gaze_shift_voids_events_of_the_eyes_only():
    log = log_of(2.0, 2.2, Gate.GAZE_SHIFT)
    assert log.voids(2.0, 2.3, eyes_only=True) is Gate.GAZE_SHIFT
    assert log.voids(2.0, 2.3, eyes_only=False) is None


def test_a_macro_movement_is_void_when_half_of_it_is():
    log = log_of(2.0, 3.0, Gate.BORDER)
    assert log.voids_half(1.5, 3.0) is Gate.BORDER
    assert log.voids_half(0.0, 3.0) is None
    assert log_of(2.0, 3.0, Gate.GAZE_SHIFT).voids_half(2.0, 3.0) is None
