"""Decoded frames as upright uint8 RGB, whatever the pixel format; the usual one when asked for.

swscale converts every format (grey, 10 bits, palettes, alpha, full and limited range, BT.601 and
BT.709) by what the frame says of itself. With one kept context and no threads of its own it takes
0.1 ms at 640x360, as fast as OpenCV's conversion, which knows BT.601 in limited range only.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from streamer.core.pictures import Colour, Picture, Yuv420
from streamer.sources.levels import Levels
from streamer.sources.view import View, turn, turned_further

# Weights of red and blue in luma by the colour space of H.273: BT.709; none stated, as swscale
# takes it, and BT.601. Others are left to swscale.
_BT709, _BT601 = (0.2126, 0.0722), (0.299, 0.114)
_WEIGHTS = {1: _BT709, 2: _BT601, 5: _BT601, 6: _BT601}
_FULL_RANGE = 2


class PixelConverter:
    """Turns frames of one stream into images [H, W, 3] uint8 RGB, contiguous and upright."""

    def __init__(
        self, view: View | None = None, levels: Levels | None = None, *, from_luma: bool = False
    ) -> None:
        """view: how pictures are turned, cut and mirrored, after what their frames say.

        levels: which of them are black and white; None: by the format of the frames.
        from_luma: keep the decoder's planes where that is possible, for grey without RGB. It is
        within a few levels of the grey of RGB, which is enough to move an event near a threshold.
        """
        self._view = view or View()
        self.levels = levels
        self._from_luma = from_luma and self._view == View() and levels is None
        self._reformatter = VideoReformatter()
        self._one_at_a_time = threading.Lock()  # frames may be looked at in several threads
        self._rotation: int | None = None
        self._turn = (0, False)

    def convert(self, frame: av.VideoFrame) -> Picture:
        """The picture as it is meant to be seen, in RGB at once or when it is looked at.

        Raises av.FFmpegError for an unknown format.
        """
        if frame.rotation != self._rotation:
            self._rotation = frame.rotation
            turned = upright_turn(_display_matrix(frame), self._rotation)
            self._turn = turned_further(turned, self._view.rotate_deg)
        keeps_planes = self._from_luma and self._turn == (0, False)
        colour = _colour(frame) if keeps_planes else None
        if colour is not None:
            return DecodedPicture(frame, colour, self._rgb)
        return self._view.cut(turn(self._rgb(frame), *self._turn))

    def turned_size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Width and height of the frame's picture once it is turned, before it is cut."""
        turned = upright_turn(_display_matrix(frame), frame.rotation)
        quarters, _ = turned_further(turned, self._view.rotate_deg)
        return (frame.height, frame.width) if quarters % 2 else (frame.width, frame.height)

    def _rgb(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        if self.levels is None or not is_deep(frame):
            image = self._to_array(frame, "rgb24")
            return image if self.levels is None else self.levels.apply(image)
        return self.levels.apply(self.deep(frame))

    def deep(self, frame: av.VideoFrame) -> NDArray[np.uint16]:
        """All bits of a frame, [H, W, 3] RGB, as stored."""
        if len(frame.format.components) > 1:
            return self._to_array(frame, "rgb48le")
        return np.repeat(self._to_array(frame, "gray16le")[..., None], 3, axis=2)

    def _to_array(self, frame: av.VideoFrame, form: str) -> NDArray[Any]:
        with self._one_at_a_time:
            made = self._reformatter.reformat(frame, format=form, threads=1)
        return np.ascontiguousarray(made.to_ndarray())


def is_deep(frame: av.VideoFrame) -> bool:
    """Whether it has room for 16 bits a pixel and colour, of which fewer may be used."""
    return frame.format.components[0].bits == 16


class DecodedPicture(Yuv420):
    """A decoded 4:2:0 picture; its planes are those of the decoder, for reading only."""

    def __init__(
        self,
        frame: av.VideoFrame,
        colour: Colour,
        to_rgb: Callable[[av.VideoFrame], NDArray[np.uint8]],
    ) -> None:
        self._frame = frame
        self._to_rgb = to_rgb
        self._rgb: NDArray[np.uint8] | None = None
        self.colour = colour
        self.shape = (frame.height, frame.width, 3)

    @property
    def luma(self) -> NDArray[np.uint8]:
        """[H, W]."""
        return _plane(self._frame.planes[0])

    @property
    def chroma(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Blue and red difference."""
        return _plane(self._frame.planes[1]), _plane(self._frame.planes[2])

    def rgb(self) -> NDArray[np.uint8]:
        """[H, W, 3], made once."""
        if self._rgb is None:
            self._rgb = self._to_rgb(self._frame)
        return self._rgb


def _plane(plane: Any) -> NDArray[np.uint8]:
    """A plane of 8 bits as an array that shares its memory; lines may be padded."""
    lines = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


def _colour(frame: av.VideoFrame) -> Colour | None:
    """How to read a frame's planes; None: it is better left to swscale."""
    weights = _WEIGHTS.get(int(frame.colorspace))
    if weights is None or frame.format.name not in ("yuv420p", "yuvj420p"):
        return None
    if any(plane.line_size < plane.width for plane in frame.planes):  # upside down
        return None
    is_full = frame.format.name == "yuvj420p" or int(frame.color_range) == _FULL_RANGE
    return Colour(*weights, is_full)


def upright_turn(matrix: tuple[int, ...] | None, rotation_deg: int) -> tuple[int, bool]:
    """(quarter turns counter-clockwise, mirrored) that a display matrix asks for.

    matrix: the nine numbers of FFmpeg's display matrix, or None for `rotation_deg` alone, which is
    counter-clockwise. A mirrored picture is flipped left to right after it has been turned.
    """
    if matrix is None:
        return round(rotation_deg / 90) % 4, False
    a, b, _, c, d = matrix[:5]
    mirrored = a * d - b * c < 0
    if mirrored:  # take the flip off: x' = -x
        a, c = -a, -c
    angle = float(np.degrees(np.arctan2(-b, a)))
    return round(angle / 90) % 4, mirrored


def _display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    side_data: Any = frame.side_data.get("DISPLAYMATRIX")
    data = bytes(side_data) if side_data is not None else b""
    return struct.unpack("=9i", data[:36]) if len(data) >= 36 else None
