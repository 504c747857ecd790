"""Lagrangian magnification of a streamed face: the picture is warped along its principal motion.

The flow (DIS) from a slow average of the aligned face to the face now, without its affine part,
which is the head's, is written in the principal components of the last seconds' flow (after Le Ngo
et al. 2018, who have the whole clip); the picture is moved on by factor - 1 times as much, along it
as along a velocity field.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.records import AlignedFace
from streamer.faces.aligned_picture import grey_of
from streamer.faces.config import IOD_FRACTION
from streamer.outputs.magnify_past import Averages, face_mask, followed_back, onto_frame

_SLOW_HZ = 0.1  # of the average: it must not follow an expression
_SMOOTH_IOD = 0.05  # single stray vectors would tear the face
_GRID = 32  # the motion is smooth: its components are found on so many places across
_FRAMES, _COMPONENTS = 64, 9

Field = NDArray[np.float32]  # [S, S, 2] in pixels of the aligned face


class StreamedGlmm:
    """One face. State: the average face, and the motion of the last frames."""

    def __init__(self, factor: float) -> None:
        self._more = factor - 1.0
        self._averages = Averages((_SLOW_HZ,))
        self._past: deque[NDArray[np.float32]] = deque(maxlen=_FRAMES)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._flow.setFinestScale(0)

    def draw(self, image: NDArray[np.uint8], face: AlignedFace) -> None:
        """Warp the face in the picture [H, W, 3], in place."""
        size = face.picture.shape[0]
        velocity = self.motion(face) * np.float32(self._more) * face_mask(size)[..., None]
        part, rows, columns = onto_frame(followed_back(velocity), face.frame_to_face, image.shape)
        if not part.size:
            return
        to_frame = np.linalg.inv(face.frame_to_face[:, :2]).astype(np.float32)
        part = part @ to_frame.T  # in pixels of the picture
        y, x = np.mgrid[rows, columns].astype(np.float32)
        image[rows, columns] = cv2.remap(
            image.copy(),
            x + part[..., 0],
            y + part[..., 1],
            interpolation=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def motion(self, face: AlignedFace) -> Field:
        """The principal motion of the face now against its average: [S, S, 2]."""
        grey = grey_of(face)
        (average,) = self._averages.push(grey.astype(np.float32), face)
        start = np.zeros((*grey.shape, 2), dtype=np.float32)
        reference = np.clip(np.rint(average), 0, 255).astype(np.uint8)
        flow = np.asarray(self._flow.calc(reference, grey, start), dtype=np.float32)
        small = cv2.resize(without_affine(flow), (_GRID, _GRID), interpolation=cv2.INTER_AREA)
        self._past.append(small.ravel())
        kept = last_principal(np.stack(self._past)).reshape(_GRID, _GRID, 2)
        sigma_px = _SMOOTH_IOD * IOD_FRACTION * _GRID
        smooth = cv2.GaussianBlur(kept, (0, 0), sigma_px)
        return np.asarray(cv2.resize(smooth, grey.shape[::-1]), dtype=np.float32)


def without_affine(flow: Field) -> Field:
    """The flow minus the affine motion that fits the face best."""
    size = flow.shape[0]
    y, x = np.mgrid[:size, :size] / size - 0.5
    design = np.stack([np.ones_like(x), x, y], axis=-1).reshape(-1, 3)
    weight = face_mask(size).reshape(-1, 1)
    normal = design.T @ (weight * design)
    head = np.linalg.solve(normal, design.T @ (weight * flow.reshape(-1, 2)))
    return np.asarray(flow - (design @ head).reshape(flow.shape), dtype=np.float32)


def last_principal(motions: NDArray[np.float32]) -> NDArray[np.float32]:
    """The last of the motions [T, D] as their first principal components give it: [D]."""
    _, courses = np.linalg.eigh(motions @ motions.T)  # ascending; T is far smaller than D
    first = courses[:, -_COMPONENTS:]
    return np.asarray((first @ first[-1]) @ motions, dtype=np.float32)
