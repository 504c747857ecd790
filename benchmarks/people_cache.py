"""Recordings of people with a face mesh at every frame, decoded and measured once.

Kept are the grey pictures, cut to where the face goes and halved like the aligner would, and the
meshes in their pixels: what experiments on motion need, at a hundredth of the time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.core.records import AlignedFace, Face, Frame
from streamer.faces.alignment import Aligner
from streamer.faces.config import IOD_FRACTION, FaceConfig
from streamer.faces.detector import MeshDetector
from streamer.faces.landmarks import inter_ocular_px
from streamer.faces.patch_change import Patch, patches_of
from streamer.sources import open_source

_MARGIN = 0.45  # around where the mesh goes, as a share of its extent
_SEED = 18
_BOX = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Person:
    """One recording, T frames."""

    name: str
    person: str
    motion: str  # how the person moves, by eye
    time_s: NDArray[np.float64]  # [T]
    grey: NDArray[np.uint8]  # [T, H, W]
    mesh_px: NDArray[np.float32]  # [T, 468, 3], NaN: no face

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Where there is a mesh, [T]."""
        return np.isfinite(self.mesh_px[:, 0, 0])

    def aligned(self, interval_s: float = 0.25) -> Iterator[tuple[int, AlignedFace]]:
        """Frame number and aligned face, with the mesh renewed as often as the tracker does."""
        config = FaceConfig(max_faces=1)
        aligner, last_s, face = Aligner(config), -np.inf, None
        patches: tuple[Patch, ...] = ()
        for k, time_s in enumerate(self.time_s.tolist()):
            rgb = np.repeat(self.grey[k][..., None], 3, axis=2)
            since_s = time_s - last_s + 1e-4
            moves = since_s >= config.moving_interval_s and any(p.has_changed(rgb) for p in patches)
            if since_s >= interval_s or moves:
                last_s, patches = time_s, ()
                face = Face(0, _BOX, self.mesh_px[k], 1.0) if self.seen[k] else None
                if face is not None:
                    patches = patches_of(rgb, [face.landmarks_px])
            elif face is not None:
                face = Face(0, _BOX, face.landmarks_px, 1.0, measured=False)
            for found in aligner.push(Frame(k, time_s, rgb), [face] if face else []):
                yield k, found


def split(folder: Path, held_back: bool) -> list[Mapping[str, str]]:
    """Rows of `index.csv` of one half of the people, drawn by a fixed seed."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    people = sorted({row["person"] for row in rows})
    chosen = np.random.default_rng(_SEED).permutation(people)[: len(people) // 2].tolist()
    return [row for row in rows if (row["person"] in chosen) is not held_back]


def load(row: Mapping[str, str], folder: Path, cache: Path) -> Person:
    """A recording out of the cache, or into it."""
    kept = cache / f"{Path(row['file']).stem}.npz"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **_measured(folder / row["file"]))
    with np.load(kept) as data:
        parts = (data["time"], data["grey"], data["mesh"])
    return Person(row["file"], row["person"], row["motion"], *parts)


def _measured(path: Path) -> dict[str, NDArray]:
    """Times, cut grey pictures and meshes of a recording."""
    times, pictures, meshes, halvings = [], [], [], None
    config = FaceConfig(max_faces=1)
    with open_source(str(path)) as source, MeshDetector(config) as detector:
        for frame in source:
            found = detector.detect(frame.image)
            mesh = found[0].landmarks_px if found else np.full((468, 3), np.nan, np.float32)
            if halvings is None and found:
                aligned_px = IOD_FRACTION * config.aligned_size_px
                halvings = max(0, round(np.log2(inter_ocular_px(mesh) / aligned_px) - 0.5))
            times.append(frame.time_s)
            meshes.append(mesh)
            pictures.append(_halved(frame.image, halvings or 0))
    scale = 2.0 ** (halvings or 0)
    mesh_px = np.stack(meshes) / np.float32(scale)
    mesh_px[..., :2] += np.float32(0.5 / scale - 0.5)
    # Pictures before the first face may have another size: nothing is measured there.
    shape = pictures[-1].shape
    pictures = [p if p.shape == shape else cv2.resize(p, shape[::-1]) for p in pictures]
    low, high = np.nanpercentile(mesh_px[..., :2], (0.5, 99.5), axis=(0, 1))
    margin = _MARGIN * (high - low)
    x0, y0 = np.maximum(low - margin, 0).astype(int)
    x1, y1 = np.minimum(high + margin, shape[::-1]).astype(int)
    mesh_px[..., :2] -= np.array([x0, y0], dtype=np.float32)
    grey = np.stack([picture[y0:y1, x0:x1] for picture in pictures])
    return {"time": np.array(times), "grey": grey, "mesh": mesh_px}


def _halved(image: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    for _ in range(times):
        size = (grey.shape[1] // 2, grey.shape[0] // 2)
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey)
