"""When the two photographs of a drawn pair are taken: on frames of an expression, with an error.

The expression rises and falls as a raised cosine, as in the synthetic recordings; a camera takes
frames at a stated rate. A spotter that is off by some frames hands over other frames than those of
the true onset and apex, and so an expression that has begun already, or has not come to its height.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from streamer.core.ranges import Range, Share, check_ranges
from training.synthetic.scene import Injection


@dataclass(frozen=True, slots=True)
class Timing:
    """Onset and apex of a pair as frames of an expression that takes its time."""

    fps: Annotated[float, Range(1.0, 10_000.0)] = 60.0
    # onset to offset
    length_s: tuple[Annotated[float, Range(0.01, 10.0)], Annotated[float, Range(0.01, 10.0)]] = (
        0.16,
        0.5,
    )
    rise: tuple[Share, Share] = (0.35, 0.6)  # share of the length until the apex
    # onset and apex are off by up to so many frames, each by itself
    error_frames: Annotated[int, Range(0, 1000)] = 0
    exact: bool = False  # by just so many, before or after: to measure what an error costs

    def __post_init__(self) -> None:
        check_ranges(self)


def draw_levels(timing: Timing, rng: np.random.Generator) -> tuple[float, float]:
    """How much of the expression the onset and the apex photograph show, 0..1.

    The apex comes at least one frame after the onset, as every spotter's does.
    """
    length_s = float(rng.uniform(*timing.length_s))
    apex_s = length_s * float(rng.uniform(*timing.rise))
    phase_s = float(rng.uniform(-0.5, 0.5)) / timing.fps  # frames do not know when it begins
    first, top = draw_errors(timing, rng)
    apex = max(1, round((apex_s - phase_s) * timing.fps))
    last = max(apex + top, first + 1)
    course = Injection("micro", "", (), 0.0, 0.0, apex_s, length_s)
    onset_s, seen_s = (phase_s + frame / timing.fps for frame in (first, last))
    return course.level(onset_s), course.level(seen_s)


def draw_errors(timing: Timing, rng: np.random.Generator) -> tuple[int, int]:
    """Frames by which onset and apex are off."""
    side = rng.random(2)
    most = timing.error_frames
    if timing.exact:
        first, top = np.where(side < 0.5, -most, most)
    else:
        first, top = np.floor(side * (2 * most + 1)) - most
    return int(first), int(top)
