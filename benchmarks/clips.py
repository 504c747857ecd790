"""Recordings made from another one: scaled, at another frame rate, one face many times.

Pictures between two frames are blends of the two, so that motion keeps its true time course.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import SourceFormatError
from streamer.sources import open_source

Picture = NDArray[np.uint8]  # [H, W, 3] RGB
Stamped = tuple[float, Picture]  # seconds from the start
_GREY = 110


def pictures(clip: str, seconds: float | None = None) -> Iterator[Stamped]:
    """The pictures of a recording, up to `seconds`."""
    with open_source(clip) as source:
        for frame in source:
            if seconds is not None and frame.time_s >= seconds:
                return
            yield frame.time_s, frame.image


def scaled(stamped: Iterable[Stamped], width_px: int, height_px: int) -> Iterator[Stamped]:
    """The same at another size."""
    for time_s, picture in stamped:
        grown = cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        yield time_s, np.asarray(grown, np.uint8)


def at_rate(stamped: Iterable[Stamped], fps: float) -> Iterator[Stamped]:
    """The same at another rate, from the first picture to the last."""
    number, before = 0, None
    for now in stamped:
        while number / fps <= now[0] + 1e-9:
            time_s = number / fps
            yield time_s, now[1] if before is None else _between(before, now, time_s)
            number += 1
        before = now


def _between(before: Stamped, after: Stamped, time_s: float) -> Picture:
    part = (time_s - before[0]) / max(after[0] - before[0], 1e-9)
    return np.asarray(cv2.addWeighted(before[1], 1.0 - part, after[1], part, 0.0), np.uint8)


def tiled(
    stamped: Iterable[Stamped],
    box_px: tuple[float, float, float, float],
    count: int,
    tile_px: int = 240,
) -> Iterator[Stamped]:
    """`count` of 1 to 8 copies of the face in the box, two rows of four; grey where there is none.

    The picture has the same size whatever the count, so that only faces are added.
    """
    for time_s, picture in stamped:
        face = cv2.resize(
            _square(picture, box_px), (tile_px, tile_px), interpolation=cv2.INTER_AREA
        )
        canvas = np.full((2 * tile_px, 4 * tile_px, 3), _GREY, np.uint8)
        for number in range(count):
            y, x = (tile_px * place for place in divmod(number, 4))
            canvas[y : y + tile_px, x : x + tile_px] = face
        yield time_s, canvas


def _square(picture: Picture, box_px: tuple[float, float, float, float]) -> Picture:
    """The box with a margin, as a square inside the picture."""
    x0, y0, x1, y1 = box_px
    side = int(min(1.5 * max(x1 - x0, y1 - y0), *picture.shape[:2]))
    left = int(np.clip((x0 + x1 - side) / 2, 0, picture.shape[1] - side))
    top = int(np.clip((y0 + y1 - side) / 2, 0, picture.shape[0] - side))
    return picture[top : top + side, left : left + side]


def write_clip(
    stamped: Iterable[Stamped], path: Path, fps: float, options: dict[str, str] | None = None
) -> Path:
    """Encode as H.264 without B frames, as cameras do; the rate is constant.

    Raises:
        SourceFormatError: there is no picture.
    """
    with av.open(str(path), "w") as target:
        stream = None
        for _, picture in stamped:
            if stream is None:
                rate = Fraction(fps).limit_denominator(1001)
                stream = target.add_stream("libx264", rate=rate, options=_coding(options))
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            target.mux(stream.encode(frame))
        if stream is None:
            raise SourceFormatError(f"{path.name} would hold no picture")
        target.mux(stream.encode(None))
    return path


def _coding(options: dict[str, str] | None) -> dict[str, str]:
    return {"crf": "20", "preset": "veryfast", "bf": "0"} | (options or {})
