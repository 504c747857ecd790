"""The network of the learned spotter in torch; it is exported to plain arrays for streaming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spotting.micro.learned import OUTPUTS
from spotting.micro.learned_inputs import INPUTS
from spotting.micro.learned_network import DenseNet, Layer
from streamer.core.errors import ModelError

WIDTHS = (INPUTS, 64, 32, OUTPUTS)
_LEAST_SPREAD = 0.02


class SpotterNet(nn.Sequential):
    """Dense layers: [..., INPUTS] -> [..., 3]; same sums as `DenseNet`."""

    def __init__(self, dropout: float = 0.1) -> None:
        layers: list[nn.Module] = []
        for n, (width, wider) in enumerate(pairwise(WIDTHS)):
            if n:
                layers += [nn.ReLU(), nn.Dropout(dropout)]
            layers.append(nn.Linear(width, wider))
        super().__init__(*layers)
        self.mean: torch.Tensor
        self.spread: torch.Tensor
        self.register_buffer("mean", torch.zeros(INPUTS))
        self.register_buffer("spread", torch.ones(INPUTS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs for inputs as they come: mean and spread are taken off here."""
        out: torch.Tensor = super().forward((x - self.mean) / self.spread)
        return out

    def standardise(self, inputs: NDArray) -> None:
        """Take mean and spread from a sample [N, INPUTS]."""
        sample = torch.from_numpy(inputs.astype(np.float32))
        self.mean.copy_(sample.mean(dim=0))
        self.spread.copy_(sample.std(dim=0).clamp(min=_LEAST_SPREAD))

    @property
    def dense(self) -> list[nn.Linear]:
        """The layers that have weights."""
        return [layer for layer in self if isinstance(layer, nn.Linear)]


def export_nets(nets: Sequence[SpotterNet], settings: Mapping[str, float]) -> DenseNet:
    """Networks trained alike as the arrays of one `DenseNet`; mean and spread go into them."""
    layers = tuple(
        Layer(
            np.stack([weight for weight, _ in same]),
            np.stack([bias for _, bias in same]),
        )
        for same in zip(*(_folded(net) for net in nets), strict=True)
    )
    return DenseNet(layers, dict(settings))


def _folded(net: SpotterNet) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Weights and biases of the layers for inputs as they come."""
    with torch.no_grad():
        (weight, bias), *others = [(d.weight.double(), d.bias.double()) for d in net.dense]
        weight = weight / net.spread
        layers = [(weight, bias - weight @ net.mean.double()), *others]
        return [(w.float().numpy(), b.float().numpy()) for w, b in layers]


def import_nets(net: DenseNet) -> list[SpotterNet]:
    """The networks of a weights file, to go on from: the inverse of `export_nets`.

    Raises:
        ModelError: its layers are of another size.
    """
    widths = (INPUTS, *(layer.bias.shape[1] for layer in net.layers))
    if widths != WIDTHS:
        raise ModelError(
            f"the weights to go on from have layers of {widths}, not {WIDTHS}: train one anew"
        )
    made = []
    for k in range(len(net.layers[0].weight)):
        one = SpotterNet()
        with torch.no_grad():
            for dense, layer in zip(one.dense, net.layers, strict=True):
                dense.weight.copy_(torch.from_numpy(layer.weight[k]))
                dense.bias.copy_(torch.from_numpy(layer.bias[k]))
        made.append(one.eval())
    return made
