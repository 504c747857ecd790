"""The face detector: boxes and six keypoints of the faces in a picture of 128 pixels.

"BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs" (Bazarevsky et al., 2019), its
short-range model, which knows faces that fill more than about an eighth of the picture. Anchors,
decoding and suppression are those of MediaPipe's published graphs face_detection_short_range and
face_detection.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.networks import Network
from streamer.faces.regions import Region, crop, region_of_detection

SIDE_PX = 128
N_KEYPOINTS = 6
_LEAST_OVERLAP = 0.3  # intersection over union of two boxes of one face
_LARGEST_LOGIT = 100.0
_GRIDS = ((16, 2), (8, 6))  # places along a side, anchors at each


@dataclass(frozen=True, slots=True)
class Detection:
    """A face as the detector sees it."""

    box_px: tuple[float, float, float, float]  # x0, y0, x1, y1
    keypoints_px: NDArray[np.float32]  # [6, 2]: eyes (left in the picture first), nose, mouth, ears
    score: float  # 0..1

    @property
    def region(self) -> Region:
        """Where to measure the mesh."""
        return region_of_detection(self.box_px, self.keypoints_px)


class FaceDetector:
    """Finds faces in pictures; remembers nothing.

    Raises:
        InstallError: see `Network`.
    """

    def __init__(self, device: str = "auto") -> None:
        self._network = Network("face_detector.onnx", ("predictions",), device)
        self._anchors = anchors()

    def find(self, image: NDArray[np.uint8], least_score: float = 0.5) -> list[Detection]:
        """The faces in `image` [H, W, 3] RGB, the surest first."""
        height, width = image.shape[:2]
        side = float(max(height, width))
        corner = np.array([width - side, height - side]) / 2
        (predictions,) = self._network(letterbox(image)[None])
        boxes, scores = decode(predictions[0], self._anchors, least_score)
        found = suppress(boxes, scores)
        return [_placed(box, score, corner, side) for box, score in found]


def letterbox(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The whole picture in the middle of a black square [128, 128, 3], sampled bilinearly."""
    height, width = image.shape[:2]
    square = Region((width / 2, height / 2), float(max(height, width)), 0.0)
    return crop(image, square, SIDE_PX, cv2.BORDER_CONSTANT)


def anchors() -> NDArray[np.float32]:
    """Centres (x, y) of the anchors [896, 2] in shares of the square, row by row."""
    levels = []
    for side, count in _GRIDS:
        centres = (np.arange(side, dtype=np.float32) + 0.5) / side
        y, x = np.meshgrid(centres, centres, indexing="ij")
        places = np.stack([x.ravel(), y.ravel()], axis=-1)
        levels.append(np.repeat(places, count, axis=0))
    return np.concatenate(levels)


def decode(
    predictions: NDArray[np.float32], centres: NDArray[np.float32], least_score: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The anchors that see a face, in shares of the square.

    Args:
        predictions: [896, 17]: centre and size of the box, keypoints, all (x, y) in pixels of the
            square, from the anchor; logit of the score.

    Returns:
        boxes [K, 16] (x0, y0, x1, y1, then keypoints) and scores [K].
    """
    logits = np.clip(predictions[:, 16].astype(np.float64), -_LARGEST_LOGIT, _LARGEST_LOGIT)
    scores = 1.0 / (1.0 + np.exp(-logits))
    sized = (predictions[:, 2] >= 0) & (predictions[:, 3] >= 0)
    kept = (scores >= least_score) & sized
    raw = predictions[kept, :16].astype(np.float64) / SIDE_PX
    points = raw.reshape(-1, 8, 2)
    half = points[:, 1] / 2
    points[:, [0, 2, 3, 4, 5, 6, 7]] += centres[kept][:, None]
    centre = points[:, 0].copy()
    points[:, 0], points[:, 1] = centre - half, centre + half
    return points.reshape(-1, 16), scores[kept]


def suppress(
    boxes: NDArray[np.float64], scores: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], float]]:
    """One face for all anchors that overlap with the surest: their mean, weighted by score.

    Weighted non-maximum suppression over boxes [K, 16] and scores [K], the surest face first.
    """
    found = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        same = _overlaps(boxes[left[0]], boxes[left]) > _LEAST_OVERLAP
        same[0] = True  # also where its box has no area
        group = left[same]
        mean = np.average(boxes[group], axis=0, weights=scores[group])
        found.append((mean, float(scores[left[0]])))
        left = left[~same]
    return found


def _overlaps(box: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of a box [16] with boxes [K, 16]."""
    sides = np.minimum(box[2:4], boxes[:, 2:4]) - np.maximum(box[:2], boxes[:, :2])
    shared = np.maximum(sides, 0.0).prod(axis=1)
    areas = (boxes[:, 2:4] - boxes[:, :2]).prod(axis=1)
    union = areas + (box[2:4] - box[:2]).prod() - shared
    return np.where(union > 0, shared / np.maximum(union, 1e-12), 0.0)


def _placed(
    box: NDArray[np.float64], score: float, corner: NDArray[np.float64], side: float
) -> Detection:
    """A face [16] in shares of the square as one in pixels of the picture."""
    points = box.reshape(8, 2) * side + corner
    x0, y0, x1, y1 = (float(value) for value in points[:2].ravel())
    return Detection((x0, y0, x1, y1), points[2:].astype(np.float32), score)
