"""The motion of an event in the annotated recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streamer.outputs.draw import Annotator
from streamer.outputs.motion_wheel import colour_wheel, motion_inset
from tests.streamer.outputs.fakes import REGIONS, make_event, make_signals, make_step


def with_motion(motion: np.ndarray | None):  # type: ignore[no-untyped-def]
    event = make_event(onset_frame=0)
    assert event.recognition is not None
    return replace(event, recognition=replace(event.recognition, motion_iod=motion))


def test_the_inset_shows_direction_and_a_legend() -> None:
    motion = np.zeros((64, 64, 2), dtype=np.float32)
    motion[:32, :, 0] = 0.03  # the upper half moves to the right
    inset = motion_inset(motion, 50)
    assert inset.shape == (50, 50, 3)
    assert tuple(inset[10, 10]) == (255, 0, 0) and tuple(inset[40, 10]) == (255, 255, 255)
    assert np.array_equal(inset[-10:-1, -10:-1], colour_wheel(12)[2:11, 2:11])


def test_it_is_drawn_while_the_event_is_shown_and_only_where_it_was_kept() -> None:
    step = make_step(0, 0.0, [make_signals(0, 0.0)])
    motion = np.full((64, 64, 2), 0.03, dtype=np.float32)
    pictures = []
    for event in (with_motion(None), with_motion(motion)):
        annotator = Annotator(REGIONS)
        canvas = annotator.draw(step)
        annotator.draw_banners(canvas, 0.1, [event])
        pictures.append(canvas)
    plain, explained = pictures
    rows, columns = np.nonzero((plain != explained).any(axis=2))
    side = round(0.2 * plain.shape[1])
    assert columns.min() >= plain.shape[1] - 8 - side and np.ptp(rows) < side
    later = annotator.draw(step)
    before = later.copy()
    annotator.draw_banners(later, 99.0, [with_motion(motion)])
    assert np.array_equal(later, before)


def test_two_recognitions_compare_without_their_fields() -> None:
    motion = np.zeros((4, 4, 2), dtype=np.float32)
    assert with_motion(motion) == with_motion(None)
