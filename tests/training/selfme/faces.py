"""Small labelled pairs of soft random faces: the class is where and how they move."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.selfme_config import FieldConfig, SelfmeConfig
from recognition.config import MapConfig
from recognition.motion.selfme.config import GeneratorConfig, HourglassConfig, MotionConfig

SIZE = 64
FACE = MapConfig(aligned_size_px=SIZE)
# Brows down and together, lip corners up and out, brows up.
_MOVES = (((0.35, -0.32), (-0.02, 0.03)), ((0.42, 0.92), (0.03, -0.03)), ((0.5, -0.35), (0, -0.04)))


def tiny_config(motion: str = "dis", **switches: object) -> SelfmeConfig:
    """A network that trains in a second."""
    learner = MotionConfig(
        image_size_px=SIZE,
        keypoints=3,
        detector=HourglassConfig(4, 8, 2),
        dense=HourglassConfig(4, 8, 2),
        generator=GeneratorConfig(4, 8, 1, 1),
    )
    field = FieldConfig(cells=28, patch=7, width=16, depth=1, heads=2)
    return SelfmeConfig(motion=motion, learner=learner, field=field, **switches)  # type: ignore[arg-type]


def make_pairs(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pairs [N, 2, S, S, 3] and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    return np.stack([_pair(int(label), rng) for label in labels]), labels


def _pair(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    noise = cv2.GaussianBlur(rng.normal(size=(SIZE, SIZE, 3)).astype(np.float32), (0, 0), 1.5)
    onset = np.clip(128 + 110 * noise / np.abs(noise).max(), 0, 255).astype(np.uint8)
    (eye_x, eye_y), iod = FACE.eyes_px, FACE.iod_px
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    x, y = (columns - eye_x) / iod, (rows - eye_y) / iod
    at, way = _MOVES[label]
    for side in (-1.0, 1.0):
        bump = np.exp(-0.5 * (((x - side * at[0]) / 0.25) ** 2 + ((y - at[1]) / 0.2) ** 2))
        strength = np.float32(iod * rng.uniform(1.5, 3.0))
        columns = columns - (strength * side * way[0] * bump).astype(np.float32)
        rows = rows - (strength * way[1] * bump).astype(np.float32)
    apex = cv2.remap(onset, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.stack([onset, apex])
