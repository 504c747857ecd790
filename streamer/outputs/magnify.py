"""Faces of a stream with their motion made larger, drawn back into the picture.

Only what has been seen so far is used. `evm` is Eulerian magnification (brightness), `glmm` warps
the picture along the principal motion; both are what `training.clips` does to a whole clip, in a
form for streams. What is shown is a drawing: noise and head motion grow too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from streamer.core.records import AlignedFace, FrameResult

MagnifyMethod = Literal["evm", "glmm"]
LARGEST = 100.0


class FaceMagnifier(Protocol):
    """One face of a stream."""

    def draw(self, image: NDArray[np.uint8], face: AlignedFace) -> None:
        """Draw the face with its motion made larger into the picture [H, W, 3], in place."""
        ...


class Magnifier:
    """All faces of a stream. State: the recent past of each face that is there."""

    def __init__(self, factor: float, method: MagnifyMethod = "evm") -> None:
        """factor: 1 leaves the motion as it is.

        Raises:
            ValueError: a factor that is not between 1 and LARGEST.
        """
        if not 1.0 <= factor <= LARGEST:
            raise ValueError(f"factor is {factor}: choose 1 to {LARGEST:g}")
        self.note = f"motion x {factor:g} ({method})"  # for the picture
        self._open = _opener(factor, method)
        self._faces: dict[int, FaceMagnifier] = {}

    def magnify(self, result: FrameResult) -> NDArray[np.uint8]:
        """The picture of a result that has a frame, a copy.

        Raises:
            ValueError: it has none.
        """
        if result.frame is None:
            raise ValueError("a result without a frame has no picture")
        image = result.frame.image.copy()
        there = {aligned.face.face_id for aligned in result.faces}
        self._faces = {i: face for i, face in self._faces.items() if i in there}
        for aligned in result.faces:
            face_id = aligned.face.face_id
            if face_id not in self._faces:
                self._faces[face_id] = self._open()
            self._faces[face_id].draw(image, aligned)
        return image


def _opener(factor: float, method: MagnifyMethod) -> Callable[[], FaceMagnifier]:
    if method == "evm":
        from streamer.outputs.magnify_evm import StreamedEvm

        return lambda: StreamedEvm(factor)
    from streamer.outputs.magnify_glmm import StreamedGlmm

    return lambda: StreamedGlmm(factor)
