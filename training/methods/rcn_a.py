"""RCN-A (Xia, Peng, Khor, Feng and Zhao, TIP 2020, arXiv 2006.09674): a recurrent convolution with
attention that has no weights of its own.

Convolution 5x5 to 64 maps, batch normalisation, ReLU, max-pooling 2, dropout; a recurrent block,
y0 = f(x), y1 = r(x + y0), y2 = r(x + y1) with f 1x1 and r 3x3, r twice with the same weights;
max-pooling 2, dropout, average pooling to 7x7 cells, the classes. The attention borrows the rows of
the last layer: for each class the features of the first layer, pooled to 7x7 and weighted by the
class's weights, are averaged over the maps and stretched to 0..1; their mean over the classes
multiplies the 7x7 cells. A map without any variation gets an attention of zero, not a division by
zero.
"""

from __future__ import annotations

from torch import Tensor, nn

from training.models.flow_net import FlowNet, Optimiser, scaled
from training.models.method import Method
from training.models.network import NetworkModel

_MAPS, _CELLS = 64, 7
_HALVED_EVERY_TEN = 0.5 ** (1 / 10)


class RecurrentBlock(nn.Module):
    """[N, C, S, S] -> [N, C, S / 2, S / 2]; the 3x3 convolution is used twice."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.forward_path = _normalised(maps, maps, 1)
        self.recurrent = _normalised(maps, maps, 3)
        self.down = nn.Sequential(nn.MaxPool2d(2), nn.Dropout())

    def forward(self, x: Tensor) -> Tensor:
        """Two steps of the recurrence."""
        y = self.forward_path(x)
        for _ in range(2):
            y = self.recurrent(x + y)
        down: Tensor = self.down(y)
        return down


def borrowed_attention(cells: Tensor, weights: Tensor) -> Tensor:
    """[N, 1, S, S] in 0..1 of features [N, C, S, S] and of the last layer's weights [K, C * S * S].

    K is the number of classes.
    """
    n, maps, side, _ = cells.shape
    weighted = weights.view(1, -1, maps, side, side) * cells[:, None]
    activation = weighted.mean(dim=2).flatten(2)  # [N, K, S * S]
    activation = activation - activation.amin(dim=2, keepdim=True)
    stretched = activation / activation.amax(dim=2, keepdim=True).clamp_min(1e-12)
    return stretched.mean(dim=1).view(n, 1, side, side)


class RcnA(FlowNet):
    """uint8 maps [N, 28, 28, 3] -> logits [N, classes]."""

    least_batch = 1

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.first = nn.Sequential(
            _normalised(3, _MAPS, 5, padding=0), nn.MaxPool2d(2), nn.Dropout()
        )
        self.block = RecurrentBlock(_MAPS)
        self.pool = nn.AdaptiveAvgPool2d(_CELLS)
        self.head = nn.Linear(_MAPS * _CELLS**2, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.head.weight, 0.0, 0.01)
        nn.init.zeros_(self.head.bias)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 3136]: 28 -> 24 -> 12 -> 6 -> 7x7 cells of 64 maps, weighted by the attention."""
        x = self.first(scaled(maps))
        attention = borrowed_attention(self.pool(x), self.head.weight)
        cells: Tensor = self.pool(self.block(x)) * attention
        return cells.flatten(1)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        logits: Tensor = self.head(self.embed(maps))
        return logits


def _normalised(given: int, maps: int, side: int, padding: int | None = None) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    around = side // 2 if padding is None else padding
    return nn.Sequential(
        nn.Conv2d(given, maps, side, padding=around), nn.BatchNorm2d(maps), nn.ReLU()
    )


def make_rcn_a() -> NetworkModel:
    """The model as published; batch normalisation keeps it from the stacked training."""
    return NetworkModel(
        name="rcn-a",
        build=RcnA,
        optimiser=Optimiser(
            epochs=100, batch=64, learning_rate=5e-4, kind="sgd", decay=_HALVED_EVERY_TEN
        ),
        about="5x5 64, recurrent 3x3 twice, attention by the last layer, 7x7 cells; scale 32",
        stacks=False,
    )


METHOD = Method(
    title="RCN-A",
    year=2020,
    reads="maps",
    source="Xia et al., TIP 2020, arXiv 2006.09674; code of the authors",
    status="official code followed",
    make=make_rcn_a,
    open="maps of 28 px (the authors' are larger); the rate, halved every ten epochs there, "
    "falls smoothly by as much",
)
