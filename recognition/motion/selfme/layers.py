"""What the parts of the motion learner share: sampling along displacements, and the hourglass.

Pixel i of n has the coordinate (2 i + 1) / n - 1 in -1..1. "All encoder-decoder-like networks are
Hourglass networks" (SelfME, sec. 4.3): encoder blocks halve the picture, decoder blocks double it;
each decoder block sees the encoder's features of its size, the last one the input itself (as in the
first-order model family).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.config import HourglassConfig


def identity_grid(size: int, like: Tensor) -> Tensor:
    """Coordinates [size, size, 2] (x, y) of the pixel centres, in the type and place of `like`."""
    line = (torch.arange(size, dtype=like.dtype, device=like.device) * 2.0 + 1.0) / size - 1.0
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], dim=-1)


def warp(image: Tensor, displacement_px: Tensor) -> Tensor:
    """`image` [N, C, S, S] sampled at u + displacement(u) [N, 2, S, S], in its own pixels.

    Bilinear; the border value is repeated beyond it.
    """
    size = image.shape[-1]
    shift = displacement_px.permute(0, 2, 3, 1) * (2.0 / size)
    grid = identity_grid(size, displacement_px)[None] + shift
    return functional.grid_sample(image, grid, padding_mode="border", align_corners=False)


class ConvBlock(nn.Module):
    """3 x 3 convolution, batch normalisation, ReLU: [N, in, h, w] -> [N, out, h, w]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(x)))


class Hourglass(nn.Module):
    """[N, inputs, h, w] -> [N, `outputs`, h, w]; h and w divide by 2 ** blocks."""

    def __init__(self, inputs: int, config: HourglassConfig) -> None:
        super().__init__()
        width = [
            min(config.max_features, config.expansion * 2**i) for i in range(config.blocks + 1)
        ]
        entry = [inputs, *width[1:]]
        self.down = nn.ModuleList(ConvBlock(entry[i], entry[i + 1]) for i in range(config.blocks))
        self.up = nn.ModuleList(
            # All but the deepest also get the encoder's features of their size.
            ConvBlock(width[i + 1] * (1 if i == config.blocks - 1 else 2), width[i])
            for i in reversed(range(config.blocks))
        )
        self.outputs = width[0] + inputs

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for block in self.down:
            seen.append(functional.avg_pool2d(block(seen[-1]), 2))
        out = seen.pop()
        for block in self.up:
            out = functional.interpolate(
                out, scale_factor=2.0, mode="bilinear", align_corners=False
            )
            out = torch.cat([block(out), seen.pop()], dim=1)
        return out
