"""A trained network that answers about maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_CHUNK = 512


@dataclass(frozen=True, slots=True)
class FittedNet:
    """`net(maps)` gives logits [N, C], `net.embed(maps)` what the last layer sees."""

    net: Any
    device: str

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes]; rows sum to one."""
        self.net.eval()
        with torch.no_grad():
            parts = [self.net(part).softmax(dim=-1).cpu() for part in self._parts(maps)]
        return torch.cat(parts).numpy()

    def features(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, D]."""
        self.net.eval()
        with torch.no_grad():
            return torch.cat([self.net.embed(part).cpu() for part in self._parts(maps)]).numpy()

    def _parts(self, maps: NDArray[np.uint8]) -> tuple[Tensor, ...]:
        return torch.from_numpy(maps).to(self.device).split(_CHUNK)
