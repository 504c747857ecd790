"""The network of the learned spotter in torch; it is exported to plain arrays for streaming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from spotting.micro.learned import OUTPUTS
from spotting.micro.learned_inputs import INPUTS
from spotting.micro.learned_network import TAPS, Array, CausalNet, Layer
from streamer.core.errors import ModelError

CHANNELS = 40
DILATIONS = (1, 2, 4, 8, 16, 24)  # 2.2 s of memory at 50 ticks a second


class CausalTcn(nn.Module):
    """Residual causal convolutions: [T, N, INPUTS] -> [T, N, 3]; same sums as `CausalNet`.

    Written as matrix products over shifted copies: several times faster than Conv1d for so few
    channels on a CPU.
    """

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.first = nn.Linear(INPUTS, CHANNELS)
        self.taps = nn.ModuleList(nn.Linear(TAPS * CHANNELS, CHANNELS) for _ in DILATIONS)
        self.mix = nn.ModuleList(nn.Linear(CHANNELS, CHANNELS) for _ in DILATIONS)
        self.last = nn.Linear(CHANNELS, OUTPUTS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.first(x)
        for dilation, taps, mix in zip(DILATIONS, self.taps, self.mix, strict=True):
            ticks = len(h)
            past = torch.cat([h.new_zeros((TAPS - 1) * dilation, *h.shape[1:]), h])
            tapped = torch.cat([past[:ticks], past[dilation : dilation + ticks], h], dim=-1)
            h = h + self.dropout(mix(functional.relu(taps(tapped))))
        out: torch.Tensor = self.last(functional.relu(h))
        return out


def export_nets(nets: Sequence[CausalTcn], settings: Mapping[str, float]) -> CausalNet:
    """Networks trained alike as the arrays of one `CausalNet`."""
    each = [{name: _array(t) for name, t in net.state_dict().items()} for net in nets]

    def stacked(name: str) -> Array:
        return np.stack([arrays[name] for arrays in each])

    parts = ("taps.{}.weight", "taps.{}.bias", "mix.{}.weight", "mix.{}.bias")
    layers = tuple(
        Layer(dilation, *(stacked(part.format(n)) for part in parts))
        for n, dilation in enumerate(DILATIONS)
    )
    first = (stacked("first.weight"), stacked("first.bias"))
    last = (stacked("last.weight"), stacked("last.bias"))
    return CausalNet(*first, layers, *last, dict(settings))


def _array(tensor: torch.Tensor) -> Array:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)


def import_nets(net: CausalNet) -> list[CausalTcn]:
    """The networks of a weights file, to go on from: the inverse of `export_nets`.

    Raises:
        ModelError: it has another number of channels or layers.
    """
    made = []
    for k in range(len(net.first)):
        arrays = {"first.weight": net.first[k], "first.bias": net.first_bias[k]}
        arrays |= {"last.weight": net.last[k], "last.bias": net.last_bias[k]}
        for n, layer in enumerate(net.layers):
            arrays |= {f"taps.{n}.weight": layer.taps[k], f"taps.{n}.bias": layer.taps_bias[k]}
            arrays |= {f"mix.{n}.weight": layer.mix[k], f"mix.{n}.bias": layer.mix_bias[k]}
        one = CausalTcn()
        dilations = tuple(layer.dilation for layer in net.layers)
        if dilations != DILATIONS or net.first_bias.shape[1] != CHANNELS:
            raise ModelError("the weights to go on from are of another network: train one anew")
        one.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in arrays.items()})
        made.append(one.eval())
    return made
