"""Faces in annotated recordings can be hidden, also when they are lost from sight."""

from __future__ import annotations

import numpy as np
import pytest

from streamer.core.records import Face, Frame, FrameSignals
from streamer.outputs.anonymise import HOLD_S, Redactor
from streamer.outputs.step import Step
from tests.streamer.outputs.fakes import LANDMARKS

NOISE = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
BOX = (120.0, 80.0, 180.0, 140.0)


def step(time_s: float, box: tuple[float, float, float, float] | None = BOX) -> Step:
    face = None if box is None else Face(0, box, LANDMARKS, 1.0)
    frame = Frame(round(30 * time_s), time_s, NOISE)
    return Step(frame, (FrameSignals(frame.index, time_s, face, None),), ())


@pytest.mark.parametrize("how", ["blur", "mask"])
def test_the_face_is_gone_and_the_rest_is_there(how: str) -> None:
    shown = Redactor(how).hide(step(0.0))  # type: ignore[arg-type]
    face = shown[80:140, 120:180].astype(float)
    # Neighbouring pixels of noise differ by 85 on average, of a blurred face hardly.
    assert np.abs(np.diff(face, axis=0)).mean() < 8
    assert np.array_equal(shown[:, :90], NOISE[:, :90])
    assert not np.array_equal(shown[60:80, 120:180], NOISE[60:80, 120:180])  # the forehead too
    assert np.array_equal(NOISE[80:140, 120:180], step(0.0).frame.image[80:140, 120:180])


def test_a_lost_face_stays_hidden_and_then_everything_is() -> None:
    redactor = Redactor("mask")
    redactor.hide(step(0.0))
    held = redactor.hide(step(HOLD_S - 0.1, box=None))
    assert (held[80:140, 120:180] == 96).all()
    assert np.array_equal(held[:, :60], NOISE[:, :60])
    assert (redactor.hide(step(2 * HOLD_S, box=None)) == 96).all()


def test_a_picture_without_a_known_face_is_hidden() -> None:
    assert (Redactor("mask").hide(step(0.0, box=None)) == 96).all()


def test_a_face_at_the_border_and_one_outside() -> None:
    shown = Redactor("mask").hide(step(0.0, (-30.0, -30.0, 20.0, 20.0)))
    assert (shown[:20, :20] == 96).all()
    assert np.array_equal(Redactor("mask").hide(step(0.0, (900.0, 0.0, 950.0, 50.0))), NOISE)


def test_a_face_found_late_is_hidden_in_what_waits() -> None:
    redactor = Redactor("mask")
    earlier = redactor.hide(step(0.0))
    both = Step(
        Frame(30, 1.0, NOISE),
        tuple(
            FrameSignals(30, 1.0, Face(i, box, LANDMARKS, 1.0), None)
            for i, box in enumerate([BOX, (220.0, 150.0, 260.0, 190.0)])
        ),
        (),
    )
    assert not (earlier[150:190, 220:260] == 96).all()
    redactor.hide(both)
    redactor.hide_earlier([earlier], 1.0)
    assert (earlier[150:190, 220:260] == 96).all()
    assert np.array_equal(earlier[:40, :60], NOISE[:40, :60])
