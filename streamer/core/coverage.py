"""Words and units of coverage: the time in which a face could be judged, and why not the rest."""

from __future__ import annotations

from typing import Literal

Half = Literal["upper", "lower"]
HALVES: tuple[Half, ...] = ("upper", "lower")
# Reasons beside the words of gates.
NO_FACE = "no face"
CAME_OR_WENT = "came or went"  # the face was not there long enough, before or after
BASELINE = "baseline"
# A frame speaks for its time up to the next one, but not for a longer gap.
LONGEST_FRAME_S = 0.25


def lasts_us(time_s: float, next_s: float) -> int:
    """How long a frame lasts in whole microseconds, of which sums are exact in any order."""
    return round(1e6 * min(max(next_s - time_s, 0.0), LONGEST_FRAME_S))
