"""An aligned face as luma and chroma: grey for the spotter at once, RGB for who asks.

It takes 1.5 bytes a pixel where RGB takes 3, and no colour is worked out for the many faces that
are never looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.pictures import Colour
from streamer.core.records import AlignedFace

_GREY = (0.299, 0.587, 0.114)  # of red, green and blue, as in cv2.COLOR_RGB2GRAY
_NEUTRAL = 128.0


@dataclass(frozen=True, slots=True)
class AlignedYuv:
    """A square picture in 4:2:0; its size is even."""

    luma: NDArray[np.uint8]  # [S, S]
    blue: NDArray[np.uint8]  # [S/2, S/2], blue difference
    red: NDArray[np.uint8]  # [S/2, S/2], red difference
    colour: Colour

    @property
    def shape(self) -> tuple[int, ...]:
        """(S, S, 3)."""
        return (*self.luma.shape, 3)

    def grey(self) -> NDArray[np.uint8]:
        """[S, S], as cv2.COLOR_RGB2GRAY makes it from RGB, within a few levels.

        Farther off only where a colour is outside RGB, which would have clipped it.
        """
        grey = cv2.LUT(self.luma, _luma_table(self.colour.full_range))
        of_red, of_blue = _grey_of_chroma(self.colour)
        if max(abs(of_red), abs(of_blue)) < 1e-6:  # BT.601: luma is grey
            return np.asarray(grey)
        shift = of_red * (self.red - _NEUTRAL) + of_blue * (self.blue - _NEUTRAL)
        shift = cv2.resize(shift.astype(np.float32), grey.shape[::-1])
        return np.asarray(cv2.add(grey, shift, dtype=cv2.CV_8U))

    def rgb(self) -> NDArray[np.uint8]:
        """[S, S, 3]. Raises ValueError where the parts do not belong together."""
        half = tuple(side // 2 for side in self.luma.shape)
        if self.luma.ndim != 2 or self.blue.shape != half or self.red.shape != half:
            raise ValueError("luma and chroma of different sizes are no picture")
        c, scale = self.colour, _chroma_scale(self.colour)
        size = self.luma.shape[::-1]
        red, blue = (
            scale * (cv2.resize(part, size).astype(np.float32) - _NEUTRAL)
            for part in (self.red, self.blue)
        )
        luma = cv2.LUT(self.luma, _exact_luma(c.full_range))
        r, b = luma + 2.0 * (1.0 - c.red) * red, luma + 2.0 * (1.0 - c.blue) * blue
        g = (luma - c.red * r - c.blue * b) / (1.0 - c.red - c.blue)
        return np.clip(np.rint(np.stack([r, g, b], axis=-1)), 0, 255).astype(np.uint8)


def grey_of(face: AlignedFace) -> NDArray[np.uint8]:
    """The aligned face in grey [S, S]."""
    picture = face.picture
    if isinstance(picture, AlignedYuv):
        return picture.grey()
    return np.asarray(cv2.cvtColor(face.image, cv2.COLOR_RGB2GRAY))


def _chroma_scale(colour: Colour) -> float:
    return 1.0 if colour.full_range else 255.0 / 224.0


def _grey_of_chroma(colour: Colour) -> tuple[float, float]:
    """How much grey differs from luma for each unit of red and blue difference."""
    green = 1.0 - colour.red - colour.blue
    red, blue = 2.0 * (1.0 - colour.red), 2.0 * (1.0 - colour.blue)
    scale = _chroma_scale(colour)
    of_red = red * (_GREY[0] - _GREY[1] * colour.red / green)
    of_blue = blue * (_GREY[2] - _GREY[1] * colour.blue / green)
    return scale * of_red, scale * of_blue


@lru_cache(maxsize=2)
def _exact_luma(full_range: bool) -> NDArray[np.float32]:
    """Brightness 0..255 of each luma value, beyond both ends where it is there."""
    values = np.arange(256, dtype=np.float32)
    return values if full_range else (values - np.float32(16.0)) * np.float32(255.0 / 219.0)


@lru_cache(maxsize=2)
def _luma_table(full_range: bool) -> NDArray[np.uint8]:
    # Rounded down, as swscale does it: so grey is the same whichever way a picture came.
    return np.clip(np.floor(_exact_luma(full_range)), 0, 255).astype(np.uint8)
