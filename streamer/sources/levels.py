"""Pictures of more than 8 bits: which of their levels are black and white.

Scientific cameras store 10 or 12 bits in 16-bit files, at the lower end. Taken as 16 bits such
pictures are black.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOOKED_AT = 8  # pictures that tell the range
_DEPTHS = (8, 10, 12, 14, 16)  # bits that sensors have, and files
_NARROW = 4.0  # a range that uses less than a quarter of its depth is stretched (thermal cameras)
_TAILS_PERCENT = (0.1, 99.9)


@dataclass(frozen=True)
class Levels:
    """`low` becomes 0 and `high` becomes 255; what lies outside is clipped."""

    low: float
    high: float

    def apply(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        """The picture in 8 bits."""
        if image.dtype == np.uint8:
            return self._table[: 2**8][image]
        if image.dtype == np.uint16:
            return self._table[image]
        return self._scaled(image)

    @cached_property
    def _table(self) -> NDArray[np.uint8]:
        return self._scaled(np.arange(2**16, dtype=np.float32))

    def _scaled(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        shares = (np.nan_to_num(values) - self.low) / (self.high - self.low)
        return np.rint(255.0 * np.clip(shares, 0.0, 1.0)).astype(np.uint8)

    def sentence(self) -> str:
        """What is said of levels that were found and are not those of the file's own depth."""
        if self.high >= 2**16 - 1 and self.low == 0:
            return ""
        return (
            f"Its pictures of more than 8 bits use the levels {self.low:g} to {self.high:g}: these "
            "became 0 to 255. --levels LOW,HIGH sets others."
        )


def find_levels(images: Iterable[NDArray[Any]]) -> Levels:
    """The range that the first pictures of a recording use, at most `LOOKED_AT` of them.

    Levels from 0 to the smallest depth of a sensor (8, 10, 12, 14, 16 bits) that holds them all;
    where they use less than a quarter of that, 99.8 % of them. Pictures of fractions: 0 to 1.
    """
    sampled = [image[::4, ::4].ravel() for image in images]
    values = np.nan_to_num(np.concatenate(sampled)).astype(np.float64)
    highest = float(values.max(initial=0.0))
    if 0.0 < highest <= 1.0:
        return Levels(0.0, 1.0)
    high = next((2.0**bits - 1 for bits in _DEPTHS if highest < 2**bits), highest)
    used_low, used_high = np.percentile(values, _TAILS_PERCENT)
    if high > 2**8 and used_low > 0 and 1.0 < used_high - used_low < high / _NARROW:
        return Levels(float(used_low), float(used_high))
    return Levels(0.0, high)
