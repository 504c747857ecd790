"""The motion of an event in the annotated recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streamer.outputs.draw import Annotator
from streamer.outputs.motion_wheel import attention_inset, colour_wheel, motion_inset
from tests.streamer.outputs.fakes import REGIONS, make_event, make_result


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


def test_arrows_point_where_it_moves() -> None:
    """Ink in the moving half only, and more to the right of an arrow's foot than to its left."""
    motion = np.zeros((64, 64, 2), dtype=np.float32)
    motion[:32, :, 0] = 0.03
    ink = motion_inset(motion, 48)[1:-1, 1:-1, 0] < 128  # rest and red are bright in red
    assert ink[:22].any() and not ink[26:, :34].any()  # the legend stands in the other corner
    foot = 5  # four arrows along a side of 48: the first begins in the middle of twelve pixels
    assert ink[foot, foot + 1 : foot + 10].sum() > 5 > ink[foot, : foot - 1].sum()


def test_keypoints_and_attention_stand_at_their_places() -> None:
    rest = np.zeros((64, 64, 2), dtype=np.float32)
    points = np.zeros((2, 1, 2), dtype=np.float32)
    points[0, 0] = points[1, 0] = (-0.5, 0.0)
    changed = (motion_inset(rest, 80, points) != motion_inset(rest, 80)).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert abs(rows.mean() - 40) < 1.5 and abs(columns.mean() - 20) < 1.5
    heat = np.zeros((64, 64), dtype=np.float32)
    heat[:16, :16] = 1.0
    inset = attention_inset(heat, 80)
    assert inset[10, 10, 0] > inset[10, 10, 2] and inset[60, 60, 2] > inset[60, 60, 0]
    with pytest.raises(ValueError, match=r"expected \[2, K, 2\]"):
        motion_inset(rest, 80, points[0])
    with pytest.raises(ValueError, match=r"expected \[S, S\]"):
        attention_inset(rest, 80)


def test_attention_is_drawn_under_the_motion() -> None:
    result = make_result(0, 0.0, (0,))
    event = with_motion(np.full((64, 64, 2), 0.03, dtype=np.float32))
    assert event.recognition is not None
    heat = np.ones((64, 64), dtype=np.float32)
    seen = replace(event, recognition=replace(event.recognition, attention=heat))
    pictures = []
    for one in (event, seen):
        annotator = Annotator(REGIONS)
        pictures.append(annotator.draw(result))
        annotator.draw_banners(pictures[-1], 0.1, [one])
    rows = np.nonzero((pictures[0] != pictures[1]).any(axis=2))[0]
    side = round(0.2 * pictures[0].shape[1])
    assert len(rows) and rows.min() >= side and np.ptp(rows) <= side


def test_it_is_drawn_while_the_event_is_shown_and_only_where_it_was_kept() -> None:
    result = make_result(0, 0.0, (0,))
    motion = np.full((64, 64, 2), 0.03, dtype=np.float32)
    pictures = []
    for event in (with_motion(None), with_motion(motion)):
        annotator = Annotator(REGIONS)
        canvas = annotator.draw(result)
        annotator.draw_banners(canvas, 0.1, [event])
        pictures.append(canvas)
    plain, explained = pictures
    rows, columns = np.nonzero((plain != explained).any(axis=2))
    side = round(0.2 * plain.shape[1])
    assert columns.min() >= plain.shape[1] - 8 - side and np.ptp(rows) < side
    later = annotator.draw(result)
    before = later.copy()
    annotator.draw_banners(later, 99.0, [with_motion(motion)])
    assert np.array_equal(later, before)


def test_two_recognitions_compare_without_their_fields() -> None:
    motion = np.zeros((4, 4, 2), dtype=np.float32)
    assert with_motion(motion) == with_motion(None)
