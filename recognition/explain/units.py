"""Where each action unit moves the skin, and how far it moved there in one event.

Places are points of the 468-point face mesh beside the muscle's pull as FACS describes it (Ekman,
Friesen and Hager, 2002). A unit that moves two places against each other (the lips in 24) has both.
Sides are the person's own: the person's left is on the right of a picture that is not mirrored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognition.config import face_of
from streamer.core.records import ActionUnit

UNIT_NAMES: Mapping[str, str] = {
    "1": "inner brow raiser",
    "2": "outer brow raiser",
    "4": "brow lowerer",
    "5": "upper lid raiser",
    "6": "cheek raiser",
    "7": "lid tightener",
    "9": "nose wrinkler",
    "10": "upper lip raiser",
    "12": "lip corner puller",
    "14": "dimpler",
    "15": "lip corner depressor",
    "17": "chin raiser",
    "20": "lip stretcher",
    "24": "lip pressor",
    "25/26": "lips part or jaw drop",
}
_Points = tuple[int, ...]
# unit -> places; of each the mesh points on the person's right (the image's left) and left
PLACES: Mapping[str, tuple[tuple[_Points, _Points], ...]] = {
    "1": (((107, 66, 55), (336, 296, 285)),),
    "2": (((70, 63, 53), (300, 293, 283)),),
    "4": (((107, 55, 52), (336, 285, 282)),),
    "5": (((159, 158, 160), (386, 385, 387)),),
    "6": (((117, 50, 118), (346, 280, 347)),),
    "7": (((145, 144, 153), (374, 373, 380)),),
    "9": (((129, 64, 174), (358, 294, 399)),),
    "10": (((37, 40, 203), (267, 270, 423)),),
    "12": (((61, 57, 205), (291, 287, 425)),),
    "14": (((61, 57, 212), (291, 287, 432)),),
    "15": (((61, 204, 202), (291, 424, 422)),),
    "17": (((199, 200, 208), (199, 200, 428)),),
    "20": (((61, 91, 214), (291, 321, 434)),),
    "24": (((0, 37), (0, 267)), ((17, 84), (17, 314))),
    "25/26": (((0, 37), (0, 267)), ((17, 84, 18), (17, 314, 18))),
}
_REACH_IOD = 0.06  # around a mesh point, over which motion is averaged


@dataclass(frozen=True, slots=True)
class MovedPlace:
    """One place of one unit on one side of the aligned face."""

    unit: ActionUnit
    side: Literal["L", "R"]  # the person's
    points_px: NDArray[np.float32]  # [P, 2]
    motion_iod: NDArray[np.float32]  # [2], the mean around the points

    @property
    def centre_px(self) -> NDArray[np.float32]:
        """The middle of the points, [2]."""
        return np.asarray(self.points_px.mean(axis=0), dtype=np.float32)


def moved_places(
    units: Sequence[ActionUnit],
    landmarks_px: NDArray[np.float32],
    motion_iod: NDArray[np.float32],
) -> list[MovedPlace]:
    """Where the units of a recognition moved the skin, and how far it did, in their order.

    Args:
        landmarks_px: the mesh [468, 2 or 3] in pixels of the aligned face.
        motion_iod: [S, S, 2] onset to apex on the aligned face, head motion removed.

    Raises:
        ValueError: arrays of another shape.
    """
    if landmarks_px.ndim != 2 or landmarks_px.shape[0] != 468 or landmarks_px.shape[1] < 2:
        raise ValueError(f"landmarks have shape {landmarks_px.shape}; expected [468, 2 or 3]")
    size = motion_iod.shape[0]
    if motion_iod.shape != (size, size, 2):
        raise ValueError(f"motion has shape {motion_iod.shape}; expected [S, S, 2]")
    found = []
    for unit in units:
        for right, left in PLACES[unit.unit]:
            sides: tuple[tuple[Literal["L", "R"], _Points], ...] = (("R", right), ("L", left))
            for side, points in sides:
                if unit.side in (side, "both"):
                    places = np.asarray(landmarks_px[list(points), :2], dtype=np.float32)
                    found.append(MovedPlace(unit, side, places, mean_motion(motion_iod, places)))
    return found


def mean_motion(
    motion_iod: NDArray[np.float32], points_px: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean [2] of the field [S, S, 2] within a small reach of any of the points [P, 2].

    Zero where all of them lie outside the field.
    """
    size = motion_iod.shape[0]
    reach_px = max(1.0, _REACH_IOD * face_of(size).iod_px)
    y, x = np.mgrid[:size, :size]
    apart = [np.hypot(x - px, y - py) for px, py in points_px]
    near = np.min(apart, axis=0) <= reach_px
    if not near.any():
        return np.zeros(2, dtype=np.float32)
    return np.asarray(motion_iod[near].mean(axis=0), dtype=np.float32)
