"""The motion that descriptors are made of: in inter-ocular distances, the head's own taken out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig
from recognition.motion.head import remove_rigid
from recognition.motion.methods import motion_method
from training.features.places import face_place

FlowName = Literal["dis", "farneback", "tvl1", "lucas-kanade", "horn-schunck"]
Field = NDArray[np.float32]  # [h, w, 2], x and y


def pair_field(pair: NDArray[np.uint8], flow: FlowName) -> Field:
    """The motion of the face from onset to apex of a pair uint8 [2, S, S, 3].

    Raises:
        ValueError: it is no such pair.
    """
    if pair.dtype != np.uint8 or pair.ndim != 4 or len(pair) != 2 or pair.shape[-1] != 3:
        raise ValueError(f"a pair is uint8 [2, S, S, 3], RGB; this is {pair.dtype} {pair.shape}")
    onset, apex = (np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)) for face in pair)
    return _fields([(onset, apex)], flow)[0]


def fields_from_onset(clip: NDArray[np.uint8], flow: FlowName) -> Field:
    """The motion of the face from the first frame to each later one: [T - 1, h, w, 2].

    Raises:
        ValueError: the clip is not uint8 [T, S, S], or shorter than two frames.
    """
    check_clip(clip, 2)
    return _fields([(clip[0], now) for now in clip[1:]], flow)


def fields_between(clip: NDArray[np.uint8], flow: FlowName) -> Field:
    """The motion of the face from each frame to the next: [T - 1, h, w, 2]; errors as above."""
    check_clip(clip, 2)
    return _fields(list(pairwise(clip)), flow)


def check_clip(clip: NDArray, least: int) -> None:
    """Raise ValueError for what is not uint8 [T, S, S] of at least so many frames."""
    if clip.dtype != np.uint8 or clip.ndim != 3 or clip.shape[1] != clip.shape[2]:
        raise ValueError(f"a clip is uint8 [T, S, S], grey; this is {clip.dtype} {clip.shape}")
    if len(clip) < least:
        raise ValueError(
            f"a clip of {len(clip)} frames: this descriptor needs {least}; a step such as tim "
            "makes it longer"
        )


def _fields(pairs: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]], flow: FlowName) -> Field:
    config = MapConfig(aligned_size_px=pairs[0][0].shape[0])
    measure, iod_px = motion_method(flow, config), np.float32(config.iod_px)
    place = face_place(config.aligned_size_px)
    found = [remove_rigid(measure(one, two) / iod_px, config)[place] for one, two in pairs]
    return np.stack(found)
