"""A motion field between two aligned faces, freed of what the rigid head did.

Head motion in front of a camera is, to first order, a translation, a rotation in the plane, a
change of size, and for turning and nodding a shift in proportion to depth. All six are fitted at
once (`streamer.faces.head_motion`), with most trust in places that facial muscles hardly move.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig
from streamer.faces.head_motion import N_PARAMETERS, RigidFit, rigid_design

RIDGE = 1e-6  # keeps the fit solvable where nothing is trusted
STEP = 4  # the head motion is fitted on every fourth pixel
CELLS = np.s_[STEP // 2 :: STEP, STEP // 2 :: STEP]


def remove_rigid(field: NDArray[np.floating], config: MapConfig) -> NDArray[np.float32]:
    """The field [S, S, 2] in IOD minus its rigid part, fitted on the stable places of the face."""
    design, _ = rigid_model(config)
    fit, trust = _cell_fit(config)
    head = fit.solve(field[CELLS].reshape(-1, 2), trust)
    return np.asarray(field - design @ head, dtype=np.float32)


@lru_cache(maxsize=8)
def rigid_model(config: MapConfig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Design [S, S, 2, 6] (shift x, y; size; roll; turn, nod by depth) and trust [S, S]."""
    x, y, depth = _places(config)
    return rigid_design(x, y, depth), stable_trust(x, y)


@lru_cache(maxsize=8)
def _cell_fit(config: MapConfig) -> tuple[RigidFit, NDArray[np.float64]]:
    """The fit on the cells, and their trust."""
    x, y, depth = (part[CELLS].ravel() for part in _places(config))
    fit = RigidFit(
        np.stack([x, y, depth], axis=-1),
        rounds=config.rigid_iterations,
        scale_iod=None,
        ridge=(0.0,) * N_PARAMETERS,
        least_ridge=RIDGE,
    )
    return fit, stable_trust(x, y)


def _places(config: MapConfig) -> tuple[NDArray[np.float64], ...]:
    """x, y and depth [S, S] of an aligned face's pixels, in IOD from the midpoint of the eyes."""
    (eye_x, eye_y), iod, size = config.eyes_px, config.iod_px, config.aligned_size_px
    pixel = np.arange(size, dtype=np.float64)
    x, y = np.meshgrid((pixel - eye_x) / iod, (pixel - eye_y) / iod)
    return x, y, head_depth(x, y)


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
