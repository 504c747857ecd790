"""Onset, apex and offset as annotated, made consistent with each other and with the frames.

Every repair leaves a note; a row that no rule can repair gives a sentence instead of an interval.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SHARE = 0.5  # of an interval's frames that must exist; below, the folder is another one


@dataclass(frozen=True, slots=True)
class Interval:
    """A usable interval. `apex` None: it has to be spotted. `notes`: what was repaired."""

    onset: int
    apex: int | None
    offset: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotated:
    """What the table holds; None where a cell holds no number."""

    onset: int | None
    apex: int | None
    offset: int | None
    has_apex: bool = True  # False: the data set annotates no apex, so its absence is no fault
    ends_with_folder: bool = False  # True: the last frame stands in for a broken offset


def settle(annotated: Annotated, numbers: Sequence[int] | None) -> Interval | str:
    """The interval, or why there is none and what to do.

    Rules, in this order; each but the first and the last leaves a note:
    1. No onset, or no offset after it and no apex to stand in for it: unusable.
    2. An offset that is missing, 0 or not after the onset: the apex is taken for it, or the last
       frame where the folder ends with the movement (there, an offset before the apex is broken).
    3. Onset before the first frame, offset behind the last, onset or offset on a dropped frame:
       moved inwards to the nearest frame that exists.
    4. An apex that is missing, not positive, on or before the onset, or behind the offset: None,
       to be spotted from the motion. An apex on a dropped frame moves to the nearest one.
    5. Fewer than half of the frames exist: unusable; the folder holds other frames.

    Args:
        numbers: frames that exist, ascending; None where that is unknown (a video).
    """
    onset = annotated.onset
    if onset is None:
        return "the onset is not a number: correct the cell"
    notes: list[str] = []
    offset = _offset(annotated, onset, numbers, notes)
    if offset is None:
        return (
            f"offset {annotated.offset} is not after onset {onset} and no apex can stand in for "
            "it: correct the row"
        )
    if numbers is not None:
        bounds = _onto_frames(onset, offset, numbers, notes)
        if isinstance(bounds, str):
            return bounds
        onset, offset = bounds
    apex = _apex(annotated, onset, offset, numbers, notes)
    return Interval(onset, apex, offset, tuple(notes))


def _offset(
    annotated: Annotated, onset: int, numbers: Sequence[int] | None, notes: list[str]
) -> int | None:
    offset, apex = annotated.offset, annotated.apex
    if annotated.ends_with_folder and numbers:
        if offset is not None and offset > onset and offset >= (apex or 0):
            return offset
        notes.append(f"offset {offset} cannot be: last frame {numbers[-1]} taken for it")
        return numbers[-1]
    if offset is not None and offset > onset:
        return offset
    if apex is None or apex <= onset:
        return None
    notes.append(f"offset {offset} is not after onset {onset}: apex {apex} taken for it")
    return apex


def _onto_frames(
    onset: int, offset: int, numbers: Sequence[int], notes: list[str]
) -> tuple[int, int] | str:
    inside = [n for n in numbers[bisect_left(numbers, onset) :] if n <= offset]
    expected = offset - max(onset, 1) + 1  # an onset of 0 says "before the video", not "frame 0"
    if len(inside) < 2 or len(inside) < LEAST_SHARE * expected:
        have = f"{numbers[0]}..{numbers[-1]}" if numbers else "none"
        return (
            f"only {len(inside)} of the frames {onset}..{offset} are there (the folder has {have}):"
            " restore the absent frames, or use the folder as it was handed out"
        )
    if inside[0] != onset:
        notes.append(f"frame {onset} (onset) is absent: {inside[0]} taken")
    if inside[-1] != offset:
        notes.append(f"frame {offset} (offset) is absent: {inside[-1]} taken")
    return inside[0], inside[-1]


def _apex(
    annotated: Annotated, onset: int, offset: int, numbers: Sequence[int] | None, notes: list[str]
) -> int | None:
    if not annotated.has_apex:
        return None
    apex = annotated.apex
    cure = "spotted from the motion instead; correct the row to use your own"
    if apex is None or apex <= 0:
        notes.append(f"no apex ({apex}): {cure}")
        return None
    if not onset < apex <= offset:
        where = "is the onset itself" if apex == onset else f"is outside the clip {onset}..{offset}"
        notes.append(f"apex {apex} {where}: {cure}")
        return None
    if numbers is None:
        return apex
    nearest = min((n for n in numbers if onset < n <= offset), key=lambda n: (abs(n - apex), n))
    if nearest != apex:
        notes.append(f"frame {apex} (apex) is absent: {nearest} taken")
    return nearest
