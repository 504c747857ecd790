"""Onset, apex, offset: every rule by hand, and no input that breaks them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.datasets.intervals import Annotated, Interval, settle

ALL = range(1, 101)  # the frames that exist


@pytest.mark.parametrize(
    ("annotated", "numbers", "expected", "note"),
    [
        (Annotated(46, 59, 86), ALL, (46, 59, 86), ""),
        (Annotated(46, 86, 86), ALL, (46, 86, 86), ""),  # apex = offset is fine
        (Annotated(46, 46, 86), ALL, (46, None, 86), "apex 46 is the onset itself"),
        (Annotated(46, None, 86), ALL, (46, None, 86), "no apex"),
        (Annotated(46, None, 86, has_apex=False), ALL, (46, None, 86), ""),
        (Annotated(46, -1, 86), ALL, (46, None, 86), "no apex (-1)"),
        (Annotated(46, 90, 86), ALL, (46, None, 86), "apex 90 is outside the clip 46..86"),
        (Annotated(46, 30, 86), ALL, (46, None, 86), "apex 30 is outside the clip 46..86"),
        (Annotated(46, 59, 0), ALL, (46, 59, 59), "apex 59 taken for it"),
        (Annotated(0, 20, 40), ALL, (1, 20, 40), "frame 0 (onset) is absent: 1 taken"),
        (Annotated(60, 80, 130), ALL, (60, 80, 100), "frame 130 (offset) is absent: 100 taken"),
        (Annotated(60, 105, 130), ALL, (60, None, 100), "apex 105 is outside"),
        (Annotated(2, 4, 6), [1, 3, 5, 6], (3, 5, 6), "frame 4 (apex) is absent: 5 taken"),
        (Annotated(2, 3, 9), None, (2, 3, 9), ""),  # a video: nothing is known of its frames
        (Annotated(2, 9, 5, ends_with_folder=True), ALL, (2, 9, 100), "last frame 100 taken"),
    ],
)
def test_rules(
    annotated: Annotated, numbers: range | None, expected: tuple[int, int | None, int], note: str
) -> None:
    interval = settle(annotated, numbers)
    assert isinstance(interval, Interval)
    assert (interval.onset, interval.apex, interval.offset) == expected
    assert note in "; ".join(interval.notes)
    assert bool(note) == bool(interval.notes)


@pytest.mark.parametrize(
    ("annotated", "numbers", "reason"),
    [
        (Annotated(None, 5, 9), ALL, "the onset is not a number"),
        (Annotated(20, None, 0), ALL, "offset 0 is not after onset 20"),
        (Annotated(20, 10, 15), ALL, "offset 15 is not after onset 20"),
        (Annotated(200, 210, 220), ALL, "only 0 of the frames 200..220"),
        (Annotated(90, 110, 120), ALL, "only 11 of the frames 90..120"),  # 11 of 31
    ],
)
def test_what_cannot_be_used(annotated: Annotated, numbers: range, reason: str) -> None:
    found = settle(annotated, numbers)
    assert isinstance(found, str) and reason in found


frame = st.none() | st.integers(-5, 60)


@given(frame, frame, frame, st.booleans(), st.booleans(), st.sets(st.integers(0, 50)))
def test_an_interval_is_always_in_order_and_on_frames(
    onset: int | None, apex: int | None, offset: int | None, has: bool, ends: bool, there: set[int]
) -> None:
    found = settle(Annotated(onset, apex, offset, has, ends), sorted(there))
    if isinstance(found, str):
        assert found
        return
    assert found.onset < found.offset and {found.onset, found.offset} <= there
    if found.apex is not None:
        assert found.onset < found.apex <= found.offset and found.apex in there
