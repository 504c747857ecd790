"""Moments of drawn pairs: hand-computed levels, errors of the stated size, all else untouched."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import streamer
from streamer.core.errors import UsageError
from training.synthetic.pair_face import PairFace
from training.synthetic.pair_photo import Timing, draw_errors, draw_levels
from training.synthetic.pairs import PairRange, draw_pairs
from training.synthetic.video import read_portrait

KNOWN_FACE = Path(streamer.__file__).parent / "assets" / "known_face.jpg"


class Fixed:
    """Draws that are known beforehand."""

    def __init__(self, *values: float) -> None:
        self.values = list(values)

    def uniform(self, low: float, high: float) -> float:
        return self.values.pop(0)

    def random(self, count: int) -> np.ndarray:
        return np.array([self.values.pop(0) for _ in range(count)])


@pytest.mark.parametrize(
    ("error", "side", "levels"),
    [
        (0, (0.9, 0.1), (0.0, 1.0)),
        (2, (0.1, 0.1), (0.0, 0.5)),  # both early: rest, and the middle of the rise
        (2, (0.9, 0.1), (0.5, 0.8536)),  # onset late; the apex comes a frame after it, at 3/4
        (4, (0.1, 0.9), (0.0, 0.0)),  # apex at the end of the fall
        (6, (0.9, 0.1), (0.5, 0.1464)),  # both on the fall, in turn
    ],
)
def test_levels_by_hand(error: int, side: tuple, levels: tuple) -> None:
    """0.4 s at 20 fps: onset frame 0, apex frame 4, offset frame 8, frames on the dot."""
    timing = Timing(fps=20.0, error_frames=error, exact=True)
    found = draw_levels(timing, Fixed(0.4, 0.5, 0.0, *side))  # type: ignore[arg-type]
    assert found == pytest.approx(levels, abs=1e-3)


def test_errors_are_as_large_as_stated() -> None:
    rng = np.random.default_rng(0)
    exact = {e for _ in range(99) for e in draw_errors(Timing(error_frames=3, exact=True), rng)}
    up_to = [e for _ in range(999) for e in draw_errors(Timing(error_frames=3), rng)]
    assert exact == {-3, 3} and set(up_to) == set(range(-3, 4))
    assert max(np.unique(up_to, return_counts=True)[1]) < 1.4 * len(up_to) / 7


def test_only_the_moments_change() -> None:
    face = PairFace(read_portrait(KNOWN_FACE, 320), "known")
    ranges = replace(PairRange().clean(), timing=Timing())
    right = draw_pairs([face], 6, 1, ranges)
    wrong = draw_pairs([face], 6, 1, replace(ranges, timing=Timing(error_frames=8, exact=True)))
    assert (right.emotion == wrong.emotion).all() and (right.yaw_deg == wrong.yaw_deg).all()
    moved = [np.abs(pairs.motion.astype(np.float32)).mean() for pairs in (right, wrong)]
    assert moved[1] < 0.7 * moved[0]
    plain = draw_pairs([face], 6, 1, PairRange().clean())
    assert (plain.strength_iod == right.strength_iod).all()


@pytest.mark.parametrize("bad", [{"fps": 0.0}, {"error_frames": -1}])
def test_impossible_timings_are_refused(bad: dict) -> None:
    with pytest.raises(UsageError, match="must be"):
        Timing(**bad)
