"""How the faces of a recording stand in its pictures: upright, upside down, or on their side."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np

from streamer.faces.upright import QUARTER_TURN, quarters_of

_LOG = logging.getLogger(__name__)
_CERTAIN = 4  # measurements more for one roll than for upright: 1 s
_NEAR_RAD = np.radians(30.0)  # of a quarter turn: a head that is tilted by 45 degrees is not turned
_WORDS = {1: "turned clockwise by 90 degrees", 2: "upside down", 3: "turned clockwise by 270"}


@dataclass(slots=True)
class Roll:
    """The roll that faces are expected to have; found once, then kept."""

    quarters: int = 0  # clockwise
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    @property
    def angle_rad(self) -> float:
        """The roll that a face is expected to have."""
        return self.quarters * QUARTER_TURN

    def add(self, angle_rad: float, first_rad: float) -> None:
        """Take in the roll of a face that was measured, and the roll with which it appeared.

        A head that is tilted far while it is watched lies in an upright picture. Says so once
        where it decides.
        """
        near = quarters_of(first_rad)
        if self.quarters or max(_off(angle_rad, near), _off(first_rad, near)) > _NEAR_RAD:
            return
        self.counts[near] += 1
        turned = max((1, 2, 3), key=lambda q: self.counts[q])
        if self.counts[turned] - self.counts[0] >= _CERTAIN:
            self.quarters = turned
            _LOG.warning(
                "The faces are %s in the picture; they are followed so. --rotate %d turns the "
                "picture itself.",
                _WORDS[turned],
                (4 - turned) * 90,
            )


def _off(angle_rad: float, quarters: int) -> float:
    """How far an angle is from a roll."""
    return abs((angle_rad - quarters * QUARTER_TURN + np.pi) % (2 * np.pi) - np.pi)
