"""Pictures that were shown before: rate conversion and dropped frames repeat them.

A repeated picture says nothing of its own moment. Taken for a measurement it makes a staircase of a
steady movement, with a corner at every repeat.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from spotting.config import TIE_S

# The same picture once more, encoded anew: it changed less than this share of the usual change,
# and by less than so many grey levels.
_ALIKE, _ALIKE_LEVELS = 0.03, 0.1
_USUAL_S = 1.0  # how quickly the usual change follows
_LONGEST_S = 0.1  # a picture that stands longer is a measurement: nothing moves, or nothing comes


class RepeatWatcher:
    """Tells repeated pictures of one face from new ones, by how much pictures usually change."""

    def __init__(self) -> None:
        self._picture: NDArray[np.uint8] | None = None  # the last new one
        self._anchor = 0
        self._time_s = 0.0  # of that one
        self._usual = 0.0  # mean change of a pixel, grey levels

    def is_repeat(self, grey: NDArray[np.uint8], anchor: int, time_s: float) -> bool:
        """Whether a grey aligned face [S, S] shows the very moment of the last new one."""
        before, step_s = self._picture, time_s - self._time_s
        if before is not None and anchor == self._anchor:
            change = cv2.norm(grey, before, cv2.NORM_L1) / grey.size
            alike = min(_ALIKE * self._usual, _ALIKE_LEVELS)
            if change <= alike and step_s < _LONGEST_S - TIE_S:
                return True
            share = min(step_s / _USUAL_S, 1.0) if self._usual else 1.0
            self._usual += share * (change - self._usual)
        self._picture, self._anchor, self._time_s = grey, anchor, time_s
        return False
