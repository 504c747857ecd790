"""A mean face: key points of the 468-point MediaPipe mesh, in face coordinates.

Face coordinates count in inter-ocular distances (IOD): the origin is the midpoint of the two eye
centres (each the mean of its two corners), x to the right in the image, y down, and the eye centres
lie one unit apart. Depth grows away from the camera, in the same unit. The figures are the mean of
frontal meshes fitted to a handful of portraits, made mirror-symmetric: a shape, nobody's face.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# (mesh index on the image's left, its mirror image, x, y, depth); a midline point mirrors itself.
_POINTS = (
    (10, 10, 0.000, -0.834, -0.209),
    (109, 338, -0.306, -0.826, -0.185),
    (67, 297, -0.563, -0.788, -0.082),
    (103, 332, -0.796, -0.702, 0.098),
    (108, 337, -0.268, -0.584, -0.230),
    (151, 151, 0.000, -0.579, -0.251),
    (54, 284, -0.943, -0.569, 0.308),
    (104, 333, -0.729, -0.552, -0.026),
    (21, 251, -1.028, -0.400, 0.513),
    (105, 334, -0.660, -0.386, -0.119),
    (63, 293, -0.811, -0.346, -0.009),
    (107, 336, -0.238, -0.339, -0.257),
    (9, 9, 0.000, -0.320, -0.269),
    (52, 282, -0.625, -0.301, -0.127),
    (70, 300, -0.905, -0.261, 0.127),
    (162, 389, -1.070, -0.218, 0.733),
    (55, 285, -0.206, -0.207, -0.206),
    (8, 8, 0.000, -0.185, -0.235),
    (27, 257, -0.540, -0.148, -0.048),
    (159, 386, -0.533, -0.104, -0.010),
    (168, 168, 0.000, -0.064, -0.220),
    (33, 263, -0.723, -0.020, 0.126),
    (127, 356, -1.079, 0.006, 0.911),
    (226, 446, -0.812, 0.009, 0.186),
    (133, 362, -0.277, 0.020, 0.040),
    (35, 265, -0.895, 0.033, 0.258),
    (145, 374, -0.508, 0.061, 0.014),
    (6, 6, 0.000, 0.067, -0.278),
    (234, 454, -1.059, 0.219, 1.000),
    (116, 345, -0.982, 0.237, 0.336),
    (174, 399, -0.151, 0.251, -0.258),
    (117, 346, -0.823, 0.255, 0.142),
    (119, 348, -0.518, 0.285, 0.011),
    (118, 347, -0.700, 0.299, 0.054),
    (101, 330, -0.531, 0.395, -0.019),
    (93, 323, -1.036, 0.437, 1.025),
    (50, 280, -0.747, 0.504, 0.062),
    (4, 4, 0.000, 0.538, -0.536),
    (129, 358, -0.301, 0.580, -0.077),
    (64, 294, -0.272, 0.633, -0.198),
    (205, 425, -0.608, 0.634, -0.011),
    (203, 423, -0.381, 0.654, -0.050),
    (132, 361, -0.996, 0.672, 1.003),
    (187, 411, -0.807, 0.705, 0.178),
    (206, 426, -0.471, 0.747, -0.031),
    (207, 427, -0.679, 0.784, 0.073),
    (164, 164, 0.000, 0.787, -0.218),
    (216, 436, -0.539, 0.870, 0.019),
    (58, 288, -0.921, 0.915, 0.927),
    (37, 267, -0.106, 0.918, -0.229),
    (0, 0, 0.000, 0.934, -0.242),
    (40, 270, -0.282, 0.978, -0.107),
    (57, 287, -0.465, 1.025, 0.067),
    (13, 13, 0.000, 1.025, -0.148),
    (61, 291, -0.359, 1.028, 0.051),
    (212, 432, -0.566, 1.033, 0.116),
    (214, 434, -0.684, 1.037, 0.215),
    (14, 14, 0.000, 1.051, -0.133),
    (91, 321, -0.276, 1.103, -0.059),
    (172, 397, -0.823, 1.115, 0.782),
    (202, 422, -0.492, 1.147, 0.117),
    (106, 335, -0.326, 1.175, 0.018),
    (84, 314, -0.108, 1.187, -0.128),
    (17, 17, 0.000, 1.196, -0.132),
    (204, 424, -0.399, 1.245, 0.087),
    (136, 365, -0.712, 1.263, 0.613),
    (18, 18, 0.000, 1.275, -0.022),
    (200, 200, 0.000, 1.379, -0.011),
    (150, 379, -0.571, 1.391, 0.479),
    (149, 378, -0.453, 1.478, 0.377),
    (199, 199, 0.000, 1.494, -0.004),
    (176, 400, -0.328, 1.555, 0.272),
    (148, 377, -0.185, 1.611, 0.204),
    (152, 152, 0.000, 1.630, 0.178),
)

MIRROR: dict[int, int] = {}
KEY_POINTS: dict[int, tuple[float, float, float]] = {}
for _left, _right, _x, _y, _depth in _POINTS:
    MIRROR[_left], MIRROR[_right] = _right, _left
    KEY_POINTS[_left], KEY_POINTS[_right] = (_x, _y, _depth), (-_x, _y, _depth)

# [468, 3] x, y, depth in IOD; NaN where the mean face has no key point.
CANONICAL_LANDMARKS: NDArray[np.float32] = np.full((468, 3), np.nan, dtype=np.float32)
CANONICAL_LANDMARKS[list(KEY_POINTS)] = list(KEY_POINTS.values())
CANONICAL_LANDMARKS.flags.writeable = False

_EYES = ((33, 133), (362, 263))


def mirrored(indices: Sequence[int]) -> tuple[int, ...]:
    """The mesh indices of the same points on the other half of the face."""
    return tuple(MIRROR[index] for index in indices)


def face_coordinates(landmarks_px: NDArray) -> NDArray[np.float32]:
    """Mesh points [468, 2 or 3] in pixels to face coordinates [468, 2] in IOD, eyes made level.

    Raises:
        ValueError: the eye centres coincide, so the face has no scale.
    """
    points = np.asarray(landmarks_px, dtype=np.float64)[:, :2]
    left, right = (points[list(corners)].mean(axis=0) for corners in _EYES)
    across = right - left
    iod_px = float(np.hypot(*across))
    if not iod_px > 1e-6:
        raise ValueError("eye centres coincide: the mesh is degenerate; skip this face")
    cos, sin = across / iod_px
    rotation = np.array([[cos, sin], [-sin, cos]])
    return np.asarray((points - (left + right) / 2) @ rotation.T / iod_px, dtype=np.float32)
