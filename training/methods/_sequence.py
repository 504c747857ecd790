"""What networks on clips take: frames at even distances, and their motion against the onset."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import crop_field, optical_strain
from recognition.config import face_of
from recognition.motion.methods import motion_field

Clip = NDArray[np.uint8]  # [T, S, S], grey aligned faces from onset to offset


def check_clip(clip: Clip, least: int) -> None:
    """Refuse what is no clip, or one of fewer frames.

    Raises:
        ValueError: it is so.
    """
    if clip.ndim != 3 or clip.dtype != np.uint8 or clip.shape[1] != clip.shape[2]:
        raise ValueError(
            f"the clip is {clip.dtype} {list(clip.shape)}; expected uint8 [T, S, S], grey aligned "
            "faces from onset to offset"
        )
    if len(clip) < least:
        raise ValueError(
            f"{len(clip)} frame(s) between onset and offset: {least} are needed; correct the row "
            "or leave the clip out"
        )


def even_places(frames: int, count: int) -> NDArray[np.int64]:
    """`count` of the frames 0 .. frames - 1 at even distances, both ends among them."""
    return np.rint(np.linspace(0, frames - 1, count)).astype(np.int64)


def shrink(frames: Clip, size_px: int) -> NDArray[np.uint8]:
    """The part of the faces that flow maps show, [T, s, s], each pixel the mean of its area."""
    face = face_of(frames.shape[1])
    parts = [crop_field(frame.astype(np.float32), face) for frame in frames]
    side = (size_px, size_px)
    small = [cv2.resize(part, side, interpolation=cv2.INTER_AREA) for part in parts]
    return np.asarray(np.rint(small), dtype=np.uint8)


def find_apex(clip: Clip) -> int:
    """The frame that differs most from the onset; the last frame of a clip that stands still."""
    apart = np.abs(clip.astype(np.int16) - clip[0]).mean(axis=(1, 2))
    return int(apart.argmax()) if apart.max() > 0 else len(clip) - 1


def flow_sequence(clip: Clip, places: NDArray[np.int64], size_px: int) -> NDArray[np.float16]:
    """Motion from the onset to the frames at `places`: u, v and strain, [len(places), s, s, 3].

    DIS flow without the head's motion, of the crop that flow maps are made of, in inter-ocular
    distances; strain per pixel of the aligned face.
    """
    config = face_of(clip.shape[1])
    made = []
    for place in places:
        field = crop_field(motion_field(clip[0], clip[place], config), config)
        planes = np.dstack([field, optical_strain(field)])
        made.append(cv2.resize(planes, (size_px, size_px), interpolation=cv2.INTER_AREA))
    return np.stack(made).astype(np.float16)
