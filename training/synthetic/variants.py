"""More faces from few portraits: mirrored, stretched, and with features moved a little."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.landmarks import eye_centres, inter_ocular_px
from training.synthetic.face_model import MIRROR
from training.synthetic.render import Portrait

_CELLS = 5  # bends per picture
_INVERSIONS = 6


def vary_portrait(portrait: Portrait, rng: np.random.Generator, bend_iod: float = 0.05) -> Portrait:
    """The portrait of a somewhat different person; mesh and picture stay together.

    Args:
        bend_iod: standard deviation of the random bends, in inter-ocular distances.
    """
    if rng.random() < 0.5:
        portrait = mirror_portrait(portrait)
    image, landmarks = portrait.image, portrait.landmarks_px
    size, iod_px = image.shape[0], inter_ocular_px(landmarks)
    centre = eye_centres(landmarks).mean(axis=0)
    coarse = rng.normal(0.0, bend_iod * iod_px, (_CELLS, _CELLS, 2)).astype(np.float32)
    bend = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    pixel = np.mgrid[0:size, 0:size][::-1].transpose(1, 2, 0).astype(np.float32)
    bend += (pixel - centre.astype(np.float32)) * rng.normal(0.0, 0.04, 2).astype(np.float32)
    back = pixel
    for _ in range(_INVERSIONS):
        back = pixel - _sample(bend, back)
    moved = landmarks.copy()
    moved[:, :2] += _sample(bend, landmarks[None, :, :2])[0]
    picture = cv2.remap(image, back, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return Portrait(np.asarray(picture, dtype=np.uint8), moved)


def mirror_portrait(portrait: Portrait) -> Portrait:
    """Left and right exchanged; the points of the mesh that have a mirror image keep their names.

    Points that the face model does not name stay at the mirrored place of their own.
    """
    landmarks = portrait.landmarks_px.copy()
    landmarks[:, 0] = portrait.image.shape[1] - 1 - landmarks[:, 0]
    named = landmarks.copy()
    for left, right in MIRROR.items():
        named[right] = landmarks[left]
    return Portrait(np.ascontiguousarray(portrait.image[:, ::-1]), named)


def _sample(table: NDArray[np.float32], at: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.remap(table, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
