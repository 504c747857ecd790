"""Where a face is looked at: turned squares in the picture, and crops of them.

The geometry is that of MediaPipe's published graphs (face_detection_front_detection_to_roi,
face_landmark_landmarks_to_roi): turned so that the eyes are level, a square on the longer side of
the box, 1.5 times as large. Coordinates follow these graphs too: a crop's pixel 0 shows what is at
the region's very corner.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.faces.landmarks import Mesh

MARGIN = 1.5  # side of a region over the longer side of the face's box
_EYE_CORNERS = (33, 263)  # the outer ones of the mesh; the line between them gives the roll


@dataclass(frozen=True, slots=True)
class Region:
    """A square in the picture, turned about its centre."""

    centre_px: tuple[float, float]  # x, y
    size_px: float
    angle_rad: float  # turn about the centre, clockwise in the picture; 0: eyes level

    def matrix(self, side: int) -> NDArray[np.float64]:
        """The affine map [2, 3] from a crop of `side` x `side` pixels into the picture."""
        scale = self.size_px / side
        cos, sin = scale * np.cos(self.angle_rad), scale * np.sin(self.angle_rad)
        linear = np.array([[cos, -sin], [sin, cos]])
        shift = np.array(self.centre_px) - linear @ np.array([side / 2, side / 2])
        return np.hstack([linear, shift[:, None]])


def region_of_detection(
    box_px: tuple[float, float, float, float], keypoints_px: NDArray[np.float32]
) -> Region:
    """The region of a detected face.

    Args:
        box_px: x0, y0, x1, y1. keypoints_px: [6, 2] (x, y), the two eyes first.
    """
    x0, y0, x1, y1 = box_px
    centre = ((x0 + x1) / 2, (y0 + y1) / 2)
    return Region(centre, MARGIN * max(x1 - x0, y1 - y0), _roll(keypoints_px[0], keypoints_px[1]))


def region_of_mesh(mesh: Mesh) -> Region:
    """The region around a mesh, where the same face is looked for in the next picture."""
    points = mesh.landmarks_px[:, :2].astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    left, right = _EYE_CORNERS
    return Region(
        (float(x), float(y)), MARGIN * float((high - low).max()), _roll(points[left], points[right])
    )


def crop(
    image: NDArray[np.uint8], region: Region, side: int, border: int = cv2.BORDER_REPLICATE
) -> NDArray[np.uint8]:
    """The region as an upright picture [side, side, 3]; beyond the border its edge goes on."""
    return np.asarray(
        cv2.warpAffine(
            image,
            region.matrix(side),
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=border,
        ),
        dtype=np.uint8,
    )


def overlap(first: Region, second: Region) -> float:
    """Intersection over union of the upright squares of two regions, whatever their turn."""
    a, b = np.array(first.centre_px), np.array(second.centre_px)
    half_a, half_b = first.size_px / 2, second.size_px / 2
    sides = np.minimum(a + half_a, b + half_b) - np.maximum(a - half_a, b - half_b)
    shared = float(np.prod(np.maximum(sides, 0.0)))
    union = first.size_px**2 + second.size_px**2 - shared
    return shared / union if union > 0 else 0.0


def _roll(left: NDArray, right: NDArray) -> float:
    """Angle of the line from the eye on the left to that on the right, -pi to pi."""
    across = np.asarray(right, np.float64) - np.asarray(left, np.float64)
    return float(np.arctan2(across[1], across[0]))
