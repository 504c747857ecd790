"""Sampling along displacements. Pixel i of n has the coordinate (2 i + 1) / n - 1 in -1..1."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def identity_grid(size: int, like: Tensor) -> Tensor:
    """Coordinates [size, size, 2] (x, y) of the pixel centres, in the type and place of `like`."""
    line = (torch.arange(size, dtype=like.dtype, device=like.device) * 2.0 + 1.0) / size - 1.0
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], dim=-1)


def warp(image: Tensor, displacement_px: Tensor) -> Tensor:
    """`image` [N, C, S, S] sampled at u + displacement(u) [N, 2, S, S], in its own pixels.

    Bilinear; beyond the border the border goes on.
    """
    size = image.shape[-1]
    shift = displacement_px.permute(0, 2, 3, 1) * (2.0 / size)
    grid = identity_grid(size, displacement_px)[None] + shift
    return functional.grid_sample(image, grid, padding_mode="border", align_corners=False)
