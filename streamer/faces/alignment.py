"""Alignment with a held transform.

Aligning every frame by its own landmarks turns half a pixel of landmark noise into 0.4 px of false
motion, as much as a micro-expression. So a face keeps one similarity transform, an *anchor*, until
the head has drifted; small head motion passes through and is removed later, from the flow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.config import EYES_Y_FRACTION, IOD_FRACTION, FaceConfig
from streamer.faces.landmarks import RIGID, eye_centres
from streamer.records import AlignedFace, Face, Frame

Matrix = NDArray[np.float32]  # [2, 3]


def canonical_transform(landmarks_px: NDArray[np.float32], size_px: int) -> Matrix:
    """Similarity [2, 3] that puts the eye centres level, IOD_FRACTION * size_px apart.

    Raises:
        ValueError: the eyes coincide, so the face has no scale.
    """
    left, right = eye_centres(landmarks_px)
    across = right - left
    iod = float(np.hypot(*across))
    if not iod > 1e-3:
        raise ValueError("eye centres coincide: the mesh is degenerate; skip this face")
    scale = IOD_FRACTION * size_px / iod
    cos, sin = scale * across / iod
    rotation = np.array([[cos, sin], [-sin, cos]])
    target = np.array([0.5 * size_px, EYES_Y_FRACTION * size_px])
    shift = target - rotation @ ((left + right) / 2)
    return np.hstack([rotation, shift[:, None]]).astype(np.float32)


def transform_points(matrix: Matrix, landmarks_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Landmarks [N, 3] through a similarity; depth is scaled along."""
    moved = landmarks_px.copy()
    moved[:, :2] = landmarks_px[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    moved[:, 2] *= float(np.hypot(matrix[0, 0], matrix[1, 0]))
    return moved


def compose(outer: Matrix, inner: Matrix) -> Matrix:
    """The affine map that applies `inner`, then `outer`."""
    linear = outer[:, :2] @ inner[:, :2]
    shift = outer[:, :2] @ inner[:, 2] + outer[:, 2]
    return np.hstack([linear, shift[:, None]]).astype(np.float32)


def invert(matrix: Matrix) -> Matrix:
    """The inverse affine map."""
    return np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float32)


def align_image(image: NDArray[np.uint8], matrix: Matrix, size_px: int) -> NDArray[np.uint8]:
    """Warp a frame into the aligned square [S, S, 3]; large faces are averaged, not sampled."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        image, matrix = _cut_out(image, matrix, size_px)
    while scale < 0.5:  # halve by area first: bilinear sampling alone would alias
        image = cv2.resize(
            image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA
        )
        matrix = matrix.copy()
        matrix[:, :2] *= 2.0
        scale *= 2.0
    return np.asarray(
        cv2.warpAffine(
            image,
            matrix,
            (size_px, size_px),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _cut_out(
    image: NDArray[np.uint8], matrix: Matrix, size_px: int
) -> tuple[NDArray[np.uint8], Matrix]:
    """The part of the frame that the aligned square covers, and the transform from there."""
    side = float(size_px)
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ invert(matrix)[:, :2].T
    corners += invert(matrix)[:, 2]
    margin = 8.0 + np.ptp(corners, axis=0) * 0.02
    # Even starts, so that halving averages the same pixels wherever the face is.
    low = np.maximum(np.floor((corners.min(axis=0) - margin) / 16) * 16, 0).astype(int)
    high = np.minimum(np.ceil((corners.max(axis=0) + margin) / 16) * 16, image.shape[1::-1])
    high = high.astype(int) // 2 * 2
    if (high - low < 16).any():
        return image, matrix  # the face has left the frame
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ low.astype(np.float32)
    return image[low[1] : high[1], low[0] : high[0]], moved


@dataclass(slots=True)
class _Anchor:
    number: int
    matrix: Matrix
    landmarks_px: NDArray[np.float32]  # aligned, at anchor time
    seen_s: float
    recent: list[NDArray[np.float32]] = field(default_factory=list)  # aligned rigid points


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
        if anchor is None or (face.measured and self._drifted(anchor, face)):
            anchor = self._renew(face, frame.time_s)
        anchor.seen_s = frame.time_s
        image = align_image(frame.image, anchor.matrix, self._config.aligned_size_px)
        return AlignedFace(
            frame.index,
            frame.time_s,
            image,
            face,
            anchor.number,
            anchor.matrix,
            anchor.landmarks_px,
        )

    def _renew(self, face: Face, time_s: float) -> _Anchor:
        matrix = canonical_transform(face.landmarks_px, self._config.aligned_size_px)
        number = self._count.get(face.face_id, -1) + 1
        self._count[face.face_id] = number
        anchor = _Anchor(number, matrix, transform_points(matrix, face.landmarks_px), time_s)
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


def fit_similarity(source: NDArray, target: NDArray) -> tuple[NDArray[np.float64], float]:
    """Least-squares similarity [2, 3] from source [N, 2] to target, and the RMS residual.

    Raises:
        ValueError: all source points coincide.
    """
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    norm = float((a * a).sum())
    if norm < 1e-12:
        raise ValueError("all source points coincide: a similarity needs two different points")
    cos = float((a * b).sum()) / norm
    sin = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / norm
    linear = np.array([[cos, -sin], [sin, cos]])
    residual = b - a @ linear.T
    shift = target.mean(axis=0) - linear @ source.mean(axis=0)
    rms = float(np.sqrt((residual**2).sum(axis=1).mean()))
    return np.hstack([linear, shift[:, None]]), rms
