"""Faces that were followed and aligned, and why there was none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streamer.core.pictures import Picture, RgbOnDemand, held


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one frame."""

    face_id: int
    box_px: tuple[float, float, float, float]  # x0, y0, x1, y1
    landmarks_px: NDArray[np.float32]  # [468, 3]: x, y, relative depth (all in pixels)
    score: float  # 0..1, how sure the tracker is
    measured: bool = True  # False: carried over from the last measured frame


@dataclass(frozen=True)
class AlignedFace:
    """A face warped into the canonical square by the held transform number `anchor`."""

    index: int
    time_s: float
    if TYPE_CHECKING:
        image: NDArray[np.uint8]  # [S, S, 3] RGB
    else:
        image: NDArray[np.uint8] = RgbOnDemand()
    face: Face
    anchor: int
    frame_to_face: NDArray[np.float32]  # [2, 3], frame pixels -> aligned pixels
    landmarks_px: NDArray[np.float32]  # [468, 3] in aligned pixels, at the time of the anchor
    visible: float = 1.0  # share of the face mesh inside the picture

    @property
    def picture(self) -> Picture:
        """What it was made with: an RGB array, or what `image` is made of."""
        return held(self)


class NoFace(str, Enum):
    """Why no face was found in a frame; the value is the word that is written.

    Sentences and cures are in `streamer.core.no_face`.
    """

    DARK = "too dark"
    FLAT = "over-exposed or flat"
    SMALL = "too small"
    TURNED = "perhaps turned"
    BLURRED = "out of focus"
    NOTHING = "nothing like a face"


@dataclass(frozen=True, slots=True)
class MissingFace:
    """Why a frame has no face, as far as its picture tells, with what was measured.

    `value`: DARK and FLAT the mean brightness 0..255, SMALL the width of the largest that looked
    like a face in pixels, TURNED its roll in degrees, BLURRED the sharpness (usual pictures have
    0.05 to 0.2), NOTHING the best confidence 0..1.
    """

    reason: NoFace
    value: float | None = None  # None: not measured


@dataclass(frozen=True, slots=True)
class TrackedFaces:
    """The faces of one frame, aligned: what the first half of a pipeline hands to the second."""

    faces: tuple[AlignedFace, ...] = ()  # lowest id first; empty where no face is seen
    missing: MissingFace | None = None  # why it is empty; None: there are faces, or nobody knows
