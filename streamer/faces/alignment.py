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
from streamer.faces.config import EYES_Y_FRACTION, IOD_FRACTION, FaceConfig
from streamer.faces.landmarks import RIGID, eye_centres, is_degenerate

Matrix = NDArray[np.float32]  # [2, 3]
_LEAST_CHROMA_SCALE = 0.25  # colour is smooth: it is halved later than grey


def canonical_transform(landmarks_px: NDArray[np.float32], size_px: int) -> Matrix:
    """Similarity [2, 3] that puts the eye centres level, IOD_FRACTION * size_px apart.

    Raises:
        ValueError: the mesh is degenerate. The tracker gives no face with such a one.
    """
    if is_degenerate(landmarks_px):
        raise ValueError("eye centres coincide: a degenerate mesh cannot be aligned")
    left, right = eye_centres(landmarks_px)
    across = right - left
    iod = float(np.hypot(*across))
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


@dataclass(frozen=True, slots=True)
class Warp:
    """How frames of one size are brought into the aligned square: cut out, halve, warp."""

    frame_shape: tuple[int, ...]
    rows: slice
    columns: slice
    halvings: int
    matrix: Matrix  # from the cut-out, halved part
    size_px: int

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The aligned square [S, S] or [S, S, 3]; large faces are averaged, not sampled."""
        part = image[self.rows, self.columns]
        for _ in range(self.halvings):
            half = (part.shape[1] // 2, part.shape[0] // 2)
            part = cv2.resize(part, half, interpolation=cv2.INTER_AREA)
        aligned = cv2.warpAffine(
            part,
            self.matrix,
            (self.size_px, self.size_px),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(aligned)


def plan_warp(
    matrix: Matrix, size_px: int, frame_shape: tuple[int, ...], least_scale: float = 0.5
) -> Warp:
    """The cheapest exact way to warp frames of `frame_shape` [H, W, ...] by `matrix`."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    # Bilinear sampling at less than half the size would alias, so halve by area first.
    below = scale < least_scale
    halvings = max(0, int(np.ceil(-np.log2(scale / least_scale)))) if below else 0
    low, high = _covered(matrix, size_px, frame_shape, 2 ** (halvings + 1))
    moved = matrix.astype(np.float64)
    moved[:, 2] += moved[:, :2] @ low
    for _ in range(halvings):
        # A halved pixel sits between two old ones: x_old = 2 x_new + 0.5.
        moved[:, 2] += 0.5 * moved[:, :2].sum(axis=1)
        moved[:, :2] *= 2.0
    rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    return Warp(frame_shape, rows, columns, halvings, moved.astype(np.float32), size_px)


def _covered(
    matrix: Matrix, size_px: int, frame_shape: tuple[int, ...], step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Corners (x, y) of what the square covers of the frame; sides divide by `step`."""
    side, back = float(size_px), invert(matrix)
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ back[:, :2].T + back[:, 2]
    margin = 8.0 + 0.02 * np.ptp(corners, axis=0)
    limit = np.array(frame_shape[1::-1]) // step * step
    low = np.clip(np.floor((corners.min(axis=0) - margin) / step) * step, 0, limit)
    high = np.clip(np.ceil((corners.max(axis=0) + margin) / step) * step, 0, limit)
    if (high - low < 16).any():  # the face has left the frame
        low, high = np.zeros(2), np.array(frame_shape[1::-1])
    return low.astype(np.int64), high.astype(np.int64)


def plan_chroma_warp(matrix: Matrix, size_px: int, frame_shape: tuple[int, ...]) -> Warp:
    """The same for chroma in half resolution, into a square of half the size.

    A chroma pixel (x, y) lies at (2 x, 2 y + 0.5) of the frame (H.273, type 0), and pixel p of the
    small square at 2 p + 0.5 of the large one.
    """
    half = matrix.astype(np.float64)
    half[:, 2] = 0.5 * (half[:, 2] + half[:, 1] * 0.5 - 0.5)
    height, width = ((side + 1) // 2 for side in frame_shape[:2])
    return plan_warp(half.astype(np.float32), size_px // 2, (height, width), _LEAST_CHROMA_SCALE)


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
