"""The network of the learned spotter in torch; it is exported to plain arrays for streaming."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from spotting.micro.learned import OUTPUTS
from spotting.micro.learned_network import TAPS, Array, CausalNet, Layer
from spotting.micro.learned_ticks import INPUTS
from spotting.motion.regions import REGION_NAMES

CHANNELS = 40
DILATIONS = (1, 2, 4, 8, 16, 24)  # 2.2 s of memory at 50 ticks a second
_SPEED_GAIN, _OTHER_GAIN = 6.0, 3.0


class CausalTcn(nn.Module):
    """Residual causal convolutions: [N, INPUTS, T] -> [N, 3, T]; same sums as `CausalNet`."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        gains = [_SPEED_GAIN] * (2 * len(REGION_NAMES)) + [_OTHER_GAIN] * 3
        self.scale: torch.Tensor
        self.register_buffer("scale", torch.tensor(gains))
        self.first = nn.Conv1d(INPUTS, CHANNELS, 1)
        self.taps = nn.ModuleList(
            nn.Conv1d(CHANNELS, CHANNELS, TAPS, dilation=d) for d in DILATIONS
        )
        self.mix = nn.ModuleList(nn.Conv1d(CHANNELS, CHANNELS, 1) for _ in DILATIONS)
        self.last = nn.Conv1d(CHANNELS, OUTPUTS, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.first(x * self.scale[:, None])
        for dilation, taps, mix in zip(DILATIONS, self.taps, self.mix, strict=True):
            past = functional.pad(h, ((TAPS - 1) * dilation, 0))
            h = h + self.dropout(mix(functional.relu(taps(past))))
        out: torch.Tensor = self.last(functional.relu(h))
        return out


def export_net(net: CausalTcn, settings: Mapping[str, float]) -> CausalNet:
    """The same network as arrays."""
    arrays = {name: _array(tensor) for name, tensor in net.state_dict().items()}
    layers = tuple(
        # [C out, C in, taps] -> [C out, taps x C in]
        Layer(
            dilation,
            arrays[f"taps.{n}.weight"].transpose(0, 2, 1).reshape(CHANNELS, TAPS * CHANNELS),
            arrays[f"taps.{n}.bias"],
            arrays[f"mix.{n}.weight"][..., 0],
            arrays[f"mix.{n}.bias"],
        )
        for n, dilation in enumerate(DILATIONS)
    )
    return CausalNet(
        arrays["scale"],
        arrays["first.weight"][..., 0],
        arrays["first.bias"],
        layers,
        arrays["last.weight"][..., 0],
        arrays["last.bias"],
        dict(settings),
    )


def _array(tensor: torch.Tensor) -> Array:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)
