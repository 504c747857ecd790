"""The motion between two aligned faces: dense flow, freed of what the rigid head did.

Head motion in front of a camera is, to first order, a translation, a rotation in the plane, a
change of size, and for turning and nodding a shift in proportion to depth. All six are fitted at
once, with most trust in places that facial muscles hardly move, and robustly (Cauchy weights).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig
from streamer.faces.head_motion import rigid_design

_STEP = 4  # the rigid motion is fitted on every fourth pixel


def motion_field(
    onset_image: NDArray[np.uint8], apex_image: NDArray[np.uint8], config: MapConfig
) -> NDArray[np.float32]:
    """Displacement [S, S, 2] from onset to apex in inter-ocular distances, head motion removed.

    Args:
        onset_image, apex_image: aligned faces [S, S, 3] RGB or [S, S] grey, of the same anchor.

    Raises:
        ValueError: an image is not of the configured size, or the flow is unknown.
    """
    onset, apex = grey(onset_image, config), grey(apex_image, config)
    start = np.zeros((*onset.shape, 2), dtype=np.float32)
    flow_px = make_flow(config).calc(onset, apex, start)
    return remove_rigid(np.asarray(flow_px, dtype=np.float32) / np.float32(config.iod_px), config)


def grey(image: NDArray[np.uint8], config: MapConfig) -> NDArray[np.uint8]:
    """An aligned face as grey [S, S]; its size and type are checked."""
    size = config.aligned_size_px
    if image.shape[:2] != (size, size) or image.dtype != np.uint8:
        raise ValueError(
            f"aligned face has shape {image.shape}, {image.dtype}; expected {size} x {size} "
            "pixels, uint8"
        )
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def make_flow(config: MapConfig) -> cv2.DISOpticalFlow:
    """A dense inverse search flow (Kroeger et al. 2016) of the configured kind."""
    if config.flow != "dis-medium":
        raise ValueError(f"unknown flow {config.flow!r}: use 'dis-medium'")
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(config.flow_finest_scale)
    return flow


def remove_rigid(field: NDArray[np.float32], config: MapConfig) -> NDArray[np.float32]:
    """The field [S, S, 2] minus its rigid part, fitted on the stable places of the face."""
    design, trust = rigid_model(config)
    cells = slice(_STEP // 2, None, _STEP)
    seen = field[cells, cells].reshape(-1, 2)
    cell_design = design[cells, cells].reshape(-1, 2, 6)
    cell_trust = trust[cells, cells].reshape(-1)
    weight = cell_trust
    motion = np.zeros(6)
    for _ in range(config.rigid_iterations):
        motion = _weighted_fit(cell_design, seen, weight)
        miss = np.linalg.norm(seen - cell_design @ motion, axis=1)
        scale = max(float(_weighted_median(miss, cell_trust)), 1e-5)
        weight = cell_trust / (1.0 + (miss / (1.5 * scale)) ** 2)
    return np.asarray(field - (design @ motion), dtype=np.float32)


def _weighted_fit(
    design: NDArray[np.float64], seen: NDArray[np.float32], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least squares of seen [n, 2] by design [n, 2, 6]; a small ridge keeps it solvable."""
    weighted = design * weight[:, None, None]
    normal = np.einsum("nci,ncj->ij", weighted, design) + 1e-6 * np.eye(6)
    return np.asarray(np.linalg.solve(normal, np.einsum("nci,nc->i", weighted, seen)))


def _weighted_median(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(total, 0.5 * total[-1])]])


@lru_cache(maxsize=8)
def rigid_model(config: MapConfig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Design [S, S, 2, 6] (shift x, y; size; roll; turn, nod by depth) and trust [S, S]."""
    (eye_x, eye_y), iod, size = config.eyes_px, config.iod_px, config.aligned_size_px
    pixel = np.arange(size, dtype=np.float64)
    x, y = np.meshgrid((pixel - eye_x) / iod, (pixel - eye_y) / iod)
    return rigid_design(x, y, head_depth(x, y)), stable_trust(x, y)


def head_depth(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Depth of a mean face in IOD at face coordinates x, y: a rounded head with a nose on it."""
    nose = 0.38 * np.exp(-0.5 * ((x / 0.17) ** 2 + ((y - 0.50) / 0.24) ** 2))
    return np.asarray(0.95 * np.minimum(np.abs(x), 1.2) ** 2 + 0.1 * (y - 0.3) ** 2 - nose)


def stable_trust(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a place follows the skull alone, 0..1: temples, nose bridge, sides of the face."""
    inside = 1.0 / (1.0 + np.exp(12.0 * (np.hypot(x / 1.0, (y - 0.4) / 1.2) - 1.0)))
    side = np.abs(x)
    brows = np.exp(-0.5 * (((side - 0.5) / 0.40) ** 2 + ((y + 0.35) / 0.20) ** 2))
    eyes = np.exp(-0.5 * (((side - 0.5) / 0.22) ** 2 + (y / 0.12) ** 2))
    mouth = np.exp(-0.5 * ((x / 0.55) ** 2 + ((y - 1.1) / 0.32) ** 2))
    cheeks = 0.6 * np.exp(-0.5 * (((side - 0.6) / 0.25) ** 2 + ((y - 0.5) / 0.25) ** 2))
    moving = np.max([brows, eyes, mouth, cheeks], axis=0)
    return np.asarray(inside * (1.0 - 0.95 * moving))
