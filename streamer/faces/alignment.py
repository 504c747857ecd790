"""Alignment with a held transform.

Aligning every frame by its own landmarks turns half a pixel of landmark noise into 0.4 px of false
motion, as much as a micro-expression. So a face keeps one similarity transform, an *anchor*, until
the head has drifted; small head motion passes through and is removed later, from the flow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.pictures import Yuv420
from streamer.core.records import AlignedFace, Face, Frame
from streamer.faces.aligned_picture import AlignedYuv
from streamer.faces.config import IOD_FRACTION, FaceConfig
from streamer.faces.landmarks import RIGID
from streamer.faces.transforms import (
    Matrix,
    canonical_transform,
    compose,
    fit_similarity,
    invert,
    transform_points,
)
from streamer.faces.warp import Warp, plan_chroma_warp, plan_warp


def bring_to_anchor(onset: AlignedFace, apex: AlignedFace) -> NDArray[np.uint8]:
    """The onset image as the apex's held transform would have shown it."""
    same = onset.anchor == apex.anchor and np.array_equal(onset.frame_to_face, apex.frame_to_face)
    if same:
        return onset.image
    matrix = compose(apex.frame_to_face, invert(onset.frame_to_face))
    height, width = onset.image.shape[:2]
    return np.asarray(
        cv2.warpAffine(onset.image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )


@dataclass(slots=True)
class _Anchor:
    number: int
    matrix: Matrix
    landmarks_px: NDArray[np.float32]  # aligned, at anchor time
    warp: Warp
    chroma_warp: Warp
    recent: list[NDArray[np.float32]] = field(default_factory=list)  # aligned rigid points
    seen_px: NDArray[np.float32] | None = None  # the mesh [468, 3] whose visible share this is
    visible: float = 1.0


class Aligner:
    """Holds one anchor per face id and renews it when the head has drifted."""

    def __init__(self, config: FaceConfig) -> None:
        self._config = config
        self._anchors: dict[int, _Anchor] = {}
        self._count: dict[int, int] = {}

    def push(self, frame: Frame, faces: list[Face]) -> list[AlignedFace]:
        """The aligned faces of this frame, in the order of `faces`."""
        present = {face.face_id for face in faces}
        self._anchors = {i: a for i, a in self._anchors.items() if i in present}
        return [self._align(frame, face) for face in faces]

    def reset(self) -> None:
        """Forget all anchors."""
        self._anchors.clear()
        self._count.clear()

    def _align(self, frame: Frame, face: Face) -> AlignedFace:
        anchor = self._anchors.get(face.face_id)
        resized = anchor is not None and anchor.warp.frame_shape != frame.picture.shape
        if anchor is None or resized or (face.measured and self._drifted(anchor, face)):
            anchor = self._renew(face, frame)
        if anchor.seen_px is not face.landmarks_px:  # a mesh is carried over a few frames
            anchor.seen_px = face.landmarks_px
            anchor.visible = visible_share(face.landmarks_px, frame.picture.shape)
        return AlignedFace(
            frame.index,
            frame.time_s,
            _warped(frame, anchor),
            face,
            anchor.number,
            anchor.matrix,
            anchor.landmarks_px,
            anchor.visible,
        )

    def _renew(self, face: Face, frame: Frame) -> _Anchor:
        matrix = canonical_transform(face.landmarks_px, self._config.aligned_size_px)
        number = self._count.get(face.face_id, -1) + 1
        self._count[face.face_id] = number
        landmarks = transform_points(matrix, face.landmarks_px)
        of_frame = (matrix, self._config.aligned_size_px, frame.picture.shape)
        warps = plan_warp(*of_frame), plan_chroma_warp(*of_frame)
        anchor = _Anchor(number, matrix, landmarks, *warps)
        self._anchors[face.face_id] = anchor
        return anchor

    def _drifted(self, anchor: _Anchor, face: Face) -> bool:
        """Whether the head has left: by the median of three meshes, or far by the last."""
        now = transform_points(anchor.matrix, face.landmarks_px)[list(RIGID), :2]
        anchor.recent = [*anchor.recent[-2:], now]
        then = anchor.landmarks_px[list(RIGID), :2]
        iod_px = IOD_FRACTION * self._config.aligned_size_px
        last = self._drift(then, now, iod_px)
        if last > 2.0:
            return True
        if len(anchor.recent) < 3:
            return False
        return self._drift(then, np.median(anchor.recent, axis=0), iod_px) > 1.0

    def _drift(self, then: NDArray[np.float32], now: NDArray[np.float32], iod_px: float) -> float:
        """Largest drift over its limit: translation, scale, rotation, shape."""
        c = self._config
        similarity, residual_px = fit_similarity(then, now)
        scale = float(np.hypot(similarity[0, 0], similarity[1, 0]))
        angle = float(np.degrees(np.arctan2(similarity[1, 0], similarity[0, 0])))
        shift = float(np.hypot(*(now.mean(axis=0) - then.mean(axis=0)))) / iod_px
        return max(
            shift / c.drift_translation_iod,
            abs(scale - 1.0) / c.drift_scale,
            abs(angle) / c.drift_rotation_deg,
            residual_px / iod_px / c.drift_shape_iod,
        )


def _warped(frame: Frame, anchor: _Anchor) -> Any:
    """The aligned picture: RGB, or luma and chroma where the frame has not been turned into RGB.

    A square of an odd size has no half, and is made from RGB.
    """
    picture = frame.picture
    if not isinstance(picture, Yuv420) or anchor.warp.size_px % 2:
        return anchor.warp.apply(frame.image)
    blue, red = (anchor.chroma_warp.apply(part) for part in picture.chroma)
    return AlignedYuv(anchor.warp.apply(picture.luma), blue, red, picture.colour)


def visible_share(landmarks_px: NDArray[np.float32], shape: tuple[int, ...]) -> float:
    """Share of the landmarks [N, 2 or 3] that lie inside a picture of this shape."""
    x, y = landmarks_px[:, 0], landmarks_px[:, 1]
    inside = (x >= 0) & (y >= 0) & (x <= shape[1] - 1) & (y <= shape[0] - 1)
    return float(inside.mean())
