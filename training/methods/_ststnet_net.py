"""STSTNet: shallow triple stream three-dimensional CNN (Liong et al., FG 2019, arXiv 1902.03634).

Three parallel 3x3 convolutions over (u, v, strain) with 3, 5 and 8 filters, ReLU, max-pooling 3x3
with stride 3, concatenation, average pooling 2x2, a fully connected layer 400 -> classes. Adam at
5e-5, batches of 256, 800 epochs (the released script; the paper has 500). The released PyTorch
script adds batch normalisation and dropout, which the paper does not have; this is the paper's.

Our choice where the paper is silent: padding 1 in convolution and pooling (28 -> 28 -> 10 -> 5),
and a fixed scaling of 0..255 to about unit variance inside the network, which nothing is learnt
for.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.flow_net import FlowNet, scaled

FILTERS = (3, 5, 8)


class STSTNet(FlowNet):
    """uint8 maps [N, 28, 28, 3] -> logits [N, classes]."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.streams = nn.ModuleList(nn.Conv2d(3, count, 3, padding=1) for count in FILTERS)
        self.head = nn.Linear(25 * sum(FILTERS), classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 400]: 16 channels of 5x5 cells."""
        x = scaled(maps)
        pooled = [functional.max_pool2d(stream(x).relu(), 3, 3, 1) for stream in self.streams]
        return functional.avg_pool2d(torch.cat(pooled, dim=1), 2).flatten(1)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        return self.head(self.embed(maps))
