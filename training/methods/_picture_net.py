"""The picture networks of torchvision on flow maps: enlarged maps in, own head out.

Without weights of ImageNet, without auxiliary heads. A map is enlarged no further than the network
needs; at such a side the last maps are of one cell, and what an adaptive pooling would only copy 36
or 49 times for the first fully connected layer is given to it once. The network can do the same as
before (the copies' weights added up) with fewer weights.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from training.models.flow_net import FlowNet, Optimiser, scaled
from training.models.network import NetworkModel


class PictureNet(FlowNet):
    """uint8 maps [N, 28, 28, 3] -> logits [N, classes].

    `body` takes [N, 3, side, side] and gives [N, width], what the last layer sees.
    """

    least_batch = 2  # several have batch normalisation over a single cell

    def __init__(self, body: nn.Module, width: int, classes: int, side: int) -> None:
        super().__init__()
        self.side, self.body = side, body
        self.head = nn.Linear(width, classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, width]."""
        large = functional.interpolate(scaled(maps), (self.side, self.side), mode="bilinear")
        seen: Tensor = self.body(large)
        return seen

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        logits: Tensor = self.head(self.embed(maps))
        return logits


def picture_model(name: str, build: Callable[[int], FlowNet], about: str) -> NetworkModel:
    """Trained fold by fold by Adam; the papers that compare with these networks do not say how."""
    return NetworkModel(
        name=name,
        build=build,
        optimiser=Optimiser(epochs=30, batch=32, learning_rate=1e-4),
        about=f"{about}; scale 32",
        stacks=False,
    )
