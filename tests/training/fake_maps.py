"""A seeded fake data set of flow maps: the benchmark can be tested without any licence.

Every class has its own motion (brows together and down, mouth corners up and out, brows up), every
subject its own way of moving, every clip its own noise. Made with the same function that makes the
real maps; a linear classifier separates the classes well above chance, though not fully.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import map_of_crop
from streamer.core.process.libraries import import_cv2
from streamer.core.ranges import Range, Seed, check_ranges
from streamer.core.records import EMOTIONS
from streamer.outputs.cells import safe_cell
from training.common.records import DataSet
from training.datasets import flow_maps

_SIZE = 56  # side of the field before it becomes a map

# Centres (x, y), in 0..1 of the crop, and directions of each class's motion; y points down.
_BUMPS = {
    "negative": (((0.28, 0.14), (0.7, 0.7)), ((0.72, 0.14), (-0.7, 0.7))),
    "positive": (((0.28, 0.74), (-0.6, -0.8)), ((0.72, 0.74), (0.6, -0.8))),
    "surprise": (((0.28, 0.12), (0.0, -1.0)), ((0.72, 0.12), (0.0, -1.0))),
}


@dataclass(frozen=True, slots=True)
class FakeConfig:
    """Size and difficulty. `noise` and `habit` are relative to the length of the motion."""

    datasets: tuple[str, ...] = ("casme2", "smic")
    # per data set; their numbers collide across data sets on purpose
    subjects: Annotated[int, Range(1, 10_000)] = 4
    clips_per_class: Annotated[int, Range(1, 10_000)] = 2  # per subject
    noise: Annotated[float, Range(0.0, 100.0)] = 0.25
    habit: Annotated[float, Range(0.0, 100.0)] = 0.25  # a field that all clips of a subject share
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_ranges(self)


def write_fake(root: Path, config: FakeConfig | None = None) -> Path:
    """Write maps and `index.csv` below `root` (our flow-map layout); returns `root`."""
    config = config or FakeConfig()
    cv2 = import_cv2()
    (root / "flow").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(config.seed)
    rows = []
    for dataset in config.datasets:
        for number in range(1, config.subjects + 1):
            habit = config.habit * _smooth_noise(rng, spread=14)
            for emotion in EMOTIONS:
                for take in range(config.clips_per_class):
                    field = fake_field(emotion, rng, config.noise) + habit
                    name = f"{emotion[:3]}_{take + 1:02d}"
                    file = f"flow/{dataset}_s{number:02d}_{name}.png"
                    image = cv2.cvtColor(map_of_crop(field), cv2.COLOR_RGB2BGR)
                    cv2.imwrite(str(root / file), image)
                    rows.append((file, dataset, f"s{number:02d}", name, emotion))
    with (root / flow_maps.INDEX).open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(
            [("file", "dataset", "subject", "clip", "emotion"), *(map(safe_cell, r) for r in rows)]
        )
    return root


def make_fake(root: Path, config: FakeConfig | None = None) -> DataSet:
    """Write a fake data set below `root` and load it."""
    return flow_maps.load(write_fake(root, config))


def fake_field(emotion: str, rng: np.random.Generator, noise: float) -> NDArray[np.float32]:
    """A motion field [56, 56, 2] of one clip."""
    axis = (np.arange(_SIZE) + 0.5) / _SIZE
    x, y = np.meshgrid(axis, axis)
    field = noise * _smooth_noise(rng, spread=6)
    for (cx, cy), direction in _BUMPS[emotion]:
        shift_x, shift_y = rng.normal(0, 0.03, 2)
        bump = np.exp(-((x - cx - shift_x) ** 2 + (y - cy - shift_y) ** 2) / (2 * 0.11**2))
        field = field + rng.uniform(0.7, 1.3) * bump[..., None] * np.array(direction)
    return np.asarray(field, dtype=np.float32)


def _smooth_noise(rng: np.random.Generator, spread: float) -> NDArray[np.float32]:
    """A random field [56, 56, 2] without detail below `spread` pixels; standard deviation 1."""
    cv2 = import_cv2()
    rough = rng.standard_normal((_SIZE, _SIZE, 2)).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), spread)
    return np.asarray(smooth / max(float(smooth.std()), 1e-6), dtype=np.float32)
