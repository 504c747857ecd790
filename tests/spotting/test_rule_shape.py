"""How long a micro-expression may be is known to half the time between two samples."""

from __future__ import annotations

import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.detector import Interval
from spotting.micro.rule import RuleDetector


def is_micro(times_s: list[float], onset: int, apex: int, offset: int) -> bool:
    times = np.array(times_s)
    frames = np.round(30 * times).astype(int)
    interval = Interval.of(times, frames, (onset, apex, offset))
    detector = RuleDetector(0, SpotterConfig())
    assert detector._has_shape(interval, times)  # what is longer may be a macro-expression
    return detector._is_short(interval, times)


@pytest.mark.parametrize("shift_s", [0.0, 1.0 / 3.0, 1.1333333333333333])
def test_a_frame_more_than_half_a_second_is_a_tie_and_counts(shift_s: float) -> None:
    times = [shift_s + n / 30 for n in range(21)]
    assert is_micro(times, 2, 10, 18)  # 16 frames of 1/30 s: 0.5333 s
    assert not is_micro(times, 2, 10, 19)


def test_where_a_picture_was_repeated_the_offset_is_known_to_a_sample() -> None:
    times = [n / 30 for n in range(24) if n not in (18, 19)]
    assert is_micro(times, 3, 10, 18)  # 0.5667 s, the offset known to half of 0.1 s
    assert not is_micro([n / 30 for n in range(24)], 3, 10, 20)
