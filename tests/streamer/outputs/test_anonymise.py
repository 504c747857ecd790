"""Faces in annotated recordings can be hidden, also when they are lost from sight."""

from __future__ import annotations

import numpy as np
import pytest

from streamer.core.records import Face, Frame, FrameResult
from streamer.outputs.anonymise import HOLD_S, Anonymiser
from tests.streamer.outputs.fakes import LANDMARKS, make_aligned

NOISE = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
BOX = (120.0, 80.0, 180.0, 140.0)


def result(time_s: float, *boxes: tuple[float, float, float, float]) -> FrameResult:
    """Noise with faces in these places."""
    index = round(30 * time_s)
    faces = [Face(face_id, box, LANDMARKS, 1.0) for face_id, box in enumerate(boxes)]
    aligned = tuple(make_aligned(index, time_s, face) for face in faces)
    return FrameResult(Frame(index, time_s, NOISE), aligned)


@pytest.mark.parametrize("how", ["blur", "mask"])
def test_the_face_is_gone_and_the_rest_is_there(how: str) -> None:
    shown = Anonymiser(how).hide(result(0.0, BOX))  # type: ignore[arg-type]
    face = shown[80:140, 120:180].astype(float)
    # Neighbouring pixels of noise differ by 85 on average, of a blurred face hardly.
    assert np.abs(np.diff(face, axis=0)).mean() < 8
    assert np.array_equal(shown[:, :90], NOISE[:, :90])
    assert not np.array_equal(shown[60:80, 120:180], NOISE[60:80, 120:180])  # the forehead too
    assert np.array_equal(NOISE[80:140, 120:180], result(0.0, BOX).frame.image[80:140, 120:180])


def test_a_lost_face_stays_hidden_and_then_everything_is() -> None:
    anonymiser = Anonymiser("mask")
    anonymiser.hide(result(0.0, BOX))
    held = anonymiser.hide(result(HOLD_S - 0.1))
    assert (held[80:140, 120:180] == 96).all()
    assert np.array_equal(held[:, :60], NOISE[:, :60])
    assert (anonymiser.hide(result(2 * HOLD_S)) == 96).all()


def test_a_picture_without_a_known_face_is_hidden() -> None:
    assert (Anonymiser("mask").hide(result(0.0)) == 96).all()


def test_a_face_at_the_border_and_one_outside() -> None:
    shown = Anonymiser("mask").hide(result(0.0, (-30.0, -30.0, 20.0, 20.0)))
    assert (shown[:20, :20] == 96).all()
    assert np.array_equal(Anonymiser("mask").hide(result(0.0, (900.0, 0.0, 950.0, 50.0))), NOISE)


def test_a_face_found_late_is_hidden_in_what_waits() -> None:
    anonymiser = Anonymiser("mask")
    earlier = anonymiser.hide(result(0.0, BOX))
    both = result(1.0, BOX, (220.0, 150.0, 260.0, 190.0))
    assert not (earlier[150:190, 220:260] == 96).all()
    anonymiser.hide(both)
    anonymiser.hide_earlier([earlier], 1.0)
    assert (earlier[150:190, 220:260] == 96).all()
    assert np.array_equal(earlier[:40, :60], NOISE[:40, :60])
