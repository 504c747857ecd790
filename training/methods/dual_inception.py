"""Dual-Inception (Zhou, Mao and Xue, FG 2019): an inception network for u and one for v.

A block sends its input through four branches - 1x1; 1x1 then 3x3; 1x1 then 5x5; 3x3 max-pooling
then 1x1 - joins them and halves the sides by max-pooling. Two blocks per stream, branches of 6 and
then 16 filters; both streams joined, fully connected to 1024, then the classes. Stochastic gradient
descent at 5e-4 with momentum 0.9 and batches of 64. At 20 px the joined features are 3200, at the
28 px of our maps 6272. The streams share nothing (one public re-implementation sends both through
the same layer by mistake).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.models.flow_net import FlowNet, Optimiser, scaled
from training.models.method import Method
from training.models.network import NetworkModel


class InceptionBlock(nn.Module):
    """[N, C, S, S] -> [N, 4 filters, S / 2, S / 2]."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()

        def convolve(of: int, side: int) -> tuple[nn.Module, nn.Module]:
            return nn.Conv2d(of, filters, side, padding=side // 2), nn.ReLU()

        self.branches = nn.ModuleList(
            [
                nn.Sequential(*convolve(channels, 1)),
                nn.Sequential(*convolve(channels, 1), *convolve(filters, 3)),
                nn.Sequential(*convolve(channels, 1), *convolve(filters, 5)),
                nn.Sequential(nn.MaxPool2d(3, 1, padding=1), *convolve(channels, 1)),
            ]
        )
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """The four branches joined, pooled."""
        joined: Tensor = self.pool(torch.cat([branch(x) for branch in self.branches], dim=1))
        return joined


class InceptionStreams(nn.Module):
    """Maps uint8 [N, S, S, 3] -> the features of u and v [N, 2 * 64 * (S / 4)^2]; no strain."""

    def __init__(self) -> None:
        super().__init__()
        self.horizontal, self.vertical = _stream(), _stream()

    def forward(self, maps: Tensor) -> Tensor:
        """[N, 6272] of maps of 28 px."""
        x = scaled(maps)
        return torch.cat([self.horizontal(x[:, :1]), self.vertical(x[:, 1:2])], dim=1)


def _stream() -> nn.Sequential:
    """[N, 1, 28, 28] -> [N, 24, 14, 14] -> [N, 64, 7, 7] -> [N, 3136]."""
    return nn.Sequential(InceptionBlock(1, 6), InceptionBlock(24, 16), nn.Flatten())


class DualInception(FlowNet):
    """uint8 maps [N, side, side, 3] -> logits [N, classes]."""

    least_batch = 1

    def __init__(self, classes: int = 3, side: int = 28) -> None:
        super().__init__()
        self.streams = InceptionStreams()
        self.joint = nn.Linear(2 * 64 * (side // 4) ** 2, 1024)
        self.head = nn.Linear(1024, classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 1024]."""
        joint: Tensor = self.joint(self.streams(maps))
        return joint.relu()

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        logits: Tensor = self.head(self.embed(maps))
        return logits


def make_dual_inception() -> NetworkModel:
    """The model at 28 px; its 6.4 million weights per fold are trained fold by fold."""
    return NetworkModel(
        name="dual-inception",
        build=DualInception,
        optimiser=Optimiser(epochs=100, batch=64, learning_rate=5e-4, kind="sgd"),
        about="u and v: inception 6 and 16, max-pool 2; fully connected 1024; scale 32",
        stacks=False,
    )


METHOD = Method(
    title="Dual-Inception",
    year=2019,
    reads="maps",
    source="Zhou et al., FG 2019",
    status="paper",
    make=make_dual_inception,
    open="100 epochs; no dropout; max-pooling between the blocks; 28 px, where the paper's 20 "
    "px have 3.3 million weights",
)
