"""Hides faces in pictures that are to be shown, rather too much than too little.

A face that was followed a moment ago is still there, and a picture in which no face is found may
hold one: the last places stay hidden for a while, and then the whole picture is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streamer.core.process.libraries import import_cv2
from streamer.core.records import FrameResult

Image = NDArray[np.uint8]
Anonymisation = Literal["off", "blur", "mask"]
Box = tuple[float, float, float, float]

HOLD_S = 2.0  # after it was lost, the last place of a face stays hidden
_SIDE, _TOP, _BOTTOM = 0.30, 0.50, 0.20  # beyond the mesh, in its width and height: hair, chin
_LOST = 0.25  # ... and more for a face that was lost, on every side
_BLOCKS = 6  # a blurred face has this many values across: too few to know anyone by
_MASK_GREY = 96


class Anonymiser:
    """Hides the faces of one stream, frame by frame. State: the last place of each face.

    A face is found up to a second after it has come into the picture: `hide_earlier` covers its
    place in the pictures before that, as long as they have not been written.
    """

    def __init__(self, how: Anonymisation) -> None:
        self._how = how
        self._seen: dict[int, tuple[float, Box]] = {}
        self._fresh: list[Box] = []

    def hide(self, result: FrameResult) -> Image:
        """The picture of a result that has a frame, a copy without faces."""
        if result.frame is None:
            raise ValueError("a result without a frame has no picture")
        now_s, image = result.frame.time_s, result.frame.image.copy()
        present = {aligned.face.face_id: aligned.face.box_px for aligned in result.faces}
        self._seen = {i: kept for i, kept in self._seen.items() if now_s - kept[0] <= HOLD_S}
        self._fresh = [_enlarged(present[i], True) for i in present if i not in self._seen]
        self._seen |= {face_id: (now_s, box) for face_id, box in present.items()}
        if not self._seen:
            _cover(image, self._how)
            return image
        for face_id, (_, box) in self._seen.items():
            _cover(_part(image, _enlarged(box, face_id not in present)), self._how)
        return image

    @property
    def has_new(self) -> bool:
        """Whether the last result showed a face that was not there before."""
        return bool(self._fresh)

    def hide_earlier(self, pictures: Iterable[Image], scale: float) -> None:
        """Cover, in place, where the faces are that were new in the last result.

        scale: pixels of these pictures per pixel of the result's frame.
        """
        for picture in pictures if self._fresh else ():
            for x0, y0, x1, y1 in self._fresh:
                _cover(_part(picture, (scale * x0, scale * y0, scale * x1, scale * y1)), self._how)


def _enlarged(box: Box, lost: bool) -> Box:
    x0, y0, x1, y1 = box
    width, height, more = x1 - x0, y1 - y0, _LOST if lost else 0.0
    return (
        x0 - (_SIDE + more) * width,
        y0 - (_TOP + more) * height,
        x1 + (_SIDE + more) * width,
        y1 + (_BOTTOM + more) * height,
    )


def _part(image: Image, box: Box) -> Image:
    """The view of `image` that a box covers; empty where it lies outside."""
    height, width = image.shape[:2]
    x0, x1 = (int(np.clip(v, 0, width)) for v in (np.floor(box[0]), np.ceil(box[2])))
    y0, y1 = (int(np.clip(v, 0, height)) for v in (np.floor(box[1]), np.ceil(box[3])))
    return image[y0:y1, x0:x1]


def _cover(part: Image, how: Anonymisation) -> None:
    """Make a part of a picture unreadable, in place."""
    if part.size == 0:
        return
    if how == "mask":
        part[:] = _MASK_GREY
        return
    cv2: Any = import_cv2()
    height, width = part.shape[:2]
    blocks = _blocks(height, width)
    small = cv2.resize(part, blocks, interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _blocks(height: int, width: int) -> tuple[int, int]:
    """(across, down): _BLOCKS along the shorter side, square."""
    side = max(min(height, width) / _BLOCKS, 1.0)

    def count(length: int) -> int:
        return max(1, round(length / side))

    return count(width), count(height)
