"""Which part of a picture is looked at, and which way round: turned, cut, mirrored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError
from streamer.core.process.libraries import import_cv2
from streamer.sources.config import SourceConfig

Roi = tuple[float, float, float, float]
_LEAST_PX = 8  # of a side; no face is smaller


@dataclass(frozen=True, slots=True)
class View:
    """What is done to every picture of a source, in this order.

    rotate_deg: turn clockwise, after what the file says. roi: keep x, y, width, height of the
    turned picture, in pixels or, where none is above 1, in shares of it. mirror: left to right.
    """

    rotate_deg: int = 0
    roi: Roi | None = None
    mirror: bool = False

    @classmethod
    def of(cls, config: SourceConfig) -> View:
        """That of the settings."""
        return cls(config.rotate, config.roi, config.mirror)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as it is to be seen, contiguous."""
        return self.cut(rotated(image, self.rotate_deg))

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """All but the turn."""
        if self.roi is not None:
            x, y, width, height = box_of(self.roi, image.shape[1], image.shape[0])
            image = np.ascontiguousarray(image[y : y + height, x : x + width])
        return np.ascontiguousarray(image[:, ::-1]) if self.mirror else image

    def check(self, width_px: int, height_px: int, name: str) -> None:
        """Raise SourceFormatError where the cut is not inside a turned picture of this size."""
        if self.roi is None:
            return
        x, y, width, height = pixels_of(self.roi, width_px, height_px)
        if x + width <= width_px and y + height <= height_px and min(width, height) >= _LEAST_PX:
            return
        raise SourceFormatError(
            f"{name}: source.roi {','.join(f'{value:g}' for value in self.roi)} is no part of its "
            f"pictures of {width_px} x {height_px} pixels. Give x,y,width,height inside of them, "
            "in pixels, or as shares: --roi 0.25,0,0.5,1"
        )


def pixels_of(roi: Roi, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """x, y, width, height in whole pixels.

    >>> pixels_of((0.25, 0, 0.5, 1), 640, 480), pixels_of((10, 20, 30, 40), 640, 480)
    ((160, 0, 320, 480), (10, 20, 30, 40))
    """
    if max(roi) <= 1.0:
        left, top = round(roi[0] * width_px), round(roi[1] * height_px)
        right, bottom = round((roi[0] + roi[2]) * width_px), round((roi[1] + roi[3]) * height_px)
        return left, top, right - left, bottom - top
    x, y, width, height = map(round, roi)
    return x, y, width, height


def box_of(roi: Roi, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """As `pixels_of`, pushed into a picture that turned out to be smaller than the first."""
    x, y, width, height = pixels_of(roi, width_px, height_px)
    x, y = min(x, width_px - 1), min(y, height_px - 1)
    return x, y, max(1, min(width, width_px - x)), max(1, min(height, height_px - y))


def turned_further(done: tuple[int, bool], rotate_deg: int) -> tuple[int, bool]:
    """A turn as of `turn`, followed by one of `rotate_deg` clockwise."""
    quarters, mirrored = done
    further = -(rotate_deg // 90)  # counter-clockwise
    return (quarters - further if mirrored else quarters + further) % 4, mirrored


def rotated(image: NDArray[np.uint8], rotate_deg: int) -> NDArray[np.uint8]:
    """`image` turned clockwise by 0, 90, 180 or 270 degrees."""
    return turn(image, *turned_further((0, False), rotate_deg))


def turn(image: NDArray[np.uint8], quarters: int, mirrored: bool) -> NDArray[np.uint8]:
    """`image` turned by `quarters` of a full turn counter-clockwise, then flipped left to right."""
    if quarters == 0 and not mirrored:
        return image
    cv2 = import_cv2()
    codes = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
    if quarters:
        image = cv2.rotate(image, codes[quarters])
    return cv2.flip(image, 1) if mirrored else image
