"""Regions of facial action units (AU) as boxes on the aligned face, and how they are cut out.

The paper crops AU regions by the face mesh; its list is not public to us. On an aligned face the
mesh lies where the mean mesh lies, up to the person, so the regions here are boxes around the mean
mesh's points, in face coordinates: inter-ocular distances (IOD) from the midpoint of the eyes, x to
the right in the image, y down. What is on one side has its mirror image on the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recognition.classifiers.field_input import sampling
from recognition.config import MapConfig


@dataclass(frozen=True, slots=True)
class FaceRegion:
    """A box on the face."""

    name: str
    left_iod: float
    top_iod: float
    right_iod: float
    bottom_iod: float
    units: tuple[int, ...] = ()  # the AUs that move it most

    def mirrored(self) -> FaceRegion:
        """Of the other side."""
        name = self.name.replace("_left", "_right")
        return FaceRegion(
            name, -self.right_iod, self.top_iod, -self.left_iod, self.bottom_iod, self.units
        )


_ONE_SIDE = (  # the image's left
    FaceRegion("brow_inner_left", -0.46, -0.55, 0.0, -0.12, (1, 4)),
    FaceRegion("brow_outer_left", -0.85, -0.55, -0.40, -0.12, (2, 4)),
    FaceRegion("eye_left", -0.82, -0.18, -0.22, 0.20, (5, 6, 7)),
    FaceRegion("cheek_left", -0.85, 0.20, -0.33, 0.74, (6, 12)),
    FaceRegion("mouth_corner_left", -0.72, 0.78, -0.20, 1.28, (12, 14, 15)),
)
_MIDDLE = (
    FaceRegion("nose_root", -0.25, -0.15, 0.25, 0.30, (4, 9)),
    FaceRegion("nose", -0.40, 0.28, 0.40, 0.80, (9, 10)),
    FaceRegion("lips", -0.32, 0.80, 0.32, 1.25, (10, 23, 24, 25)),
    FaceRegion("chin", -0.40, 1.12, 0.40, 1.50, (17, 26)),
)
AU_REGIONS = (*_ONE_SIDE, *(region.mirrored() for region in _ONE_SIDE), *_MIDDLE)


def grid_regions(face: MapConfig) -> tuple[FaceRegion, ...]:
    """3 x 3 patches of the face crop, row by row: what replaces the AU regions in M5."""
    x = np.linspace(face.crop_left_iod, face.crop_right_iod, 4)
    y = np.linspace(face.crop_top_iod, face.crop_bottom_iod, 4)
    return tuple(
        FaceRegion(f"patch_{i}{j}", float(x[j]), float(y[i]), float(x[j + 1]), float(y[i + 1]))
        for i in range(3)
        for j in range(3)
    )


class RegionCrops(nn.Module):
    """Planes of the face crop [N, C, cells, cells] -> regions [N, R, C, k, k]; by mean values."""

    rows: Tensor  # [R, k, cells]
    columns: Tensor  # [R, cells, k]

    def __init__(
        self, regions: tuple[FaceRegion, ...], face: MapConfig, cells: int, size: int
    ) -> None:
        super().__init__()
        across = cells / (face.crop_right_iod - face.crop_left_iod)
        along = cells / (face.crop_bottom_iod - face.crop_top_iod)
        rows, columns = [], []
        for box in regions:
            top, bottom = ((y - face.crop_top_iod) * along for y in (box.top_iod, box.bottom_iod))
            left, right = ((x - face.crop_left_iod) * across for x in (box.left_iod, box.right_iod))
            rows.append(sampling(cells, top, bottom, size))
            columns.append(sampling(cells, left, right, size).T)
        self.register_buffer("rows", torch.from_numpy(np.stack(rows)), persistent=False)
        self.register_buffer("columns", torch.from_numpy(np.stack(columns)), persistent=False)

    def forward(self, planes: Tensor) -> Tensor:
        """[N, C, cells, cells] -> [N, R, C, k, k]."""
        return self.rows[None, :, None] @ planes[:, None] @ self.columns[None, :, None]
