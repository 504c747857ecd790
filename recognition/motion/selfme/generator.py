"""The generator of SelfME: paints the apex frame from warped features of the onset frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognition.motion.selfme.config import MotionConfig
from recognition.motion.selfme.layers import ConvBlock, warp


class Residual(nn.Module):
    """x + conv(relu(norm(conv(relu(norm(x)))))) at constant size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class Generator(nn.Module):
    """Onset image [N, 3, S, S] in 0..1 and backward motion -> estimated apex [N, 3, S, S]."""

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        c = config.generator
        width = [min(c.max_features, c.width * 2**i) for i in range(c.downs + 1)]
        self.image_skip = c.image_skip
        self.entry = nn.Sequential(
            nn.Conv2d(3, width[0], 7, padding=3, bias=False), nn.BatchNorm2d(width[0]), nn.ReLU()
        )
        self.down = nn.ModuleList(ConvBlock(width[i], width[i + 1]) for i in range(c.downs))
        self.middle = nn.Sequential(*(Residual(width[-1]) for _ in range(c.bottlenecks)))
        self.up = nn.ModuleList(ConvBlock(width[i + 1], width[i]) for i in reversed(range(c.downs)))
        self.exit = nn.Conv2d(width[0], 3, 7, padding=3)
        if self.image_skip:
            nn.init.zeros_(self.exit.weight)
            nn.init.zeros_(self.exit.bias)  # type: ignore[arg-type]

    def forward(self, onset: Tensor, backward_px: Tensor) -> Tensor:
        """Paint; `backward_px` [N, 2, h, h] in its own pixels: where the onset has it."""
        features = self.entry(onset)
        for block in self.down:
            features = functional.avg_pool2d(block(features), 2)
        features = warp(features, resize_motion(backward_px, features.shape[-1]))
        features = self.middle(features)
        for block in self.up:
            larger = functional.interpolate(
                features, scale_factor=2.0, mode="bilinear", align_corners=False
            )
            features = block(larger)
        painted = self.exit(features)
        if self.image_skip:
            return warp(onset, resize_motion(backward_px, onset.shape[-1])) + painted
        return torch.sigmoid(painted)


def resize_motion(motion_px: Tensor, size: int) -> Tensor:
    """A displacement field [N, 2, h, h] in its own pixels on another grid, in that one's pixels."""
    held = motion_px.shape[-1]
    if held == size:
        return motion_px
    resized = functional.interpolate(
        motion_px, size=(size, size), mode="bilinear", align_corners=False
    )
    return resized * (size / held)
