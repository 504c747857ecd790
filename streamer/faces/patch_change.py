"""Whether a face looks different from when its mesh was measured: cheap enough for every frame.

A few hundred pixels of the face and of the eyes are compared where the mesh was. A blink, a turn of
the head, a smile change them; noise and a slow drift do not. So the mesh is measured more often
while something moves, and only then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.core.pictures import Picture, Yuv420, as_rgb
from streamer.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

_FACE_SAMPLES = 24  # pixels across the face
_EYE_SAMPLES = 18  # and across an eye
_FACE_CHANGE, _EYE_CHANGE = 0.15, 0.25  # mean change over the patch's own mean deviation
_FLAT = 4.0  # grey levels: what a patch without detail may change by
_EYE_MARGIN = 0.35  # above and below the corners, as a share of the eye's width


@dataclass(frozen=True, slots=True)
class Patch:
    """Pixels of one part of a picture, at fixed places."""

    rows: tuple[int, int, int]  # start, stop, step
    columns: tuple[int, int, int]
    before: NDArray[np.float32]  # [h, w] when the mesh was measured
    most_change: float  # grey levels; more is another picture

    def has_changed(self, picture: Picture) -> bool:
        """Whether a picture [H, W, 3] shows something else there."""
        now = _sampled(picture, self.rows, self.columns)
        if now.shape != self.before.shape or not now.size:
            return True
        # Light may change: what both share is taken out.
        change = now - self.before
        change -= change.mean()
        return float(np.abs(change).mean()) > self.most_change


def patches_of(picture: Picture, meshes_px: Sequence[NDArray[np.float32]]) -> tuple[Patch, ...]:
    """The face and both eyes of each mesh [468, 3] in the picture that it was measured in."""
    found = []
    for mesh in meshes_px:
        low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
        found.append(_patch(picture, low, high, _FACE_SAMPLES, _FACE_CHANGE))
        for corners in (LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS):
            ends = mesh[list(corners), :2]
            margin = _EYE_MARGIN * float(np.hypot(*(ends[1] - ends[0])))
            low, high = ends.min(axis=0) - margin, ends.max(axis=0) + margin
            found.append(_patch(picture, low, high, _EYE_SAMPLES, _EYE_CHANGE))
    return tuple(found)


def _patch(
    picture: Picture,
    low_px: NDArray[np.float32],
    high_px: NDArray[np.float32],
    samples: int,
    most_change: float,
) -> Patch:
    height, width = picture.shape[:2]
    step = max(1, int((high_px[0] - low_px[0]) / samples))
    x0, y0 = (int(value) for value in np.clip(low_px, 0, (width, height)))
    x1, y1 = (int(value) for value in np.clip(high_px, 0, (width, height)))
    rows, columns = (y0, y1, step), (x0, x1, step)
    before = _sampled(picture, rows, columns)
    contrast = float(np.abs(before - before.mean()).mean()) if before.size else 0.0
    return Patch(rows, columns, before, most_change * (contrast + _FLAT))


def _sampled(
    picture: Picture, rows: tuple[int, int, int], columns: tuple[int, int, int]
) -> NDArray[np.float32]:
    """Green, or luma where the picture has not been turned into RGB: that would cost far more."""
    part = slice(*rows), slice(*columns)
    plane = picture.luma[part] if isinstance(picture, Yuv420) else as_rgb(picture)[(*part, 1)]
    return plane.astype(np.float32)
