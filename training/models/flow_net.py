"""A small network on motion maps: what it is, how it is trained alone, how it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from streamer.core.ranges import BatchSize, Epochs, LearningRate, check_ranges
from training.models.base import FitPlan, Samples, Watch, epoch_batches, own_rows

_CHUNK = 512


class FlowNet(nn.Module):
    """A network on uint8 maps [N, 28, 28, 3] -> logits [N, C]; scaling happens inside."""

    def embed(self, maps: Tensor) -> Tensor:
        """What the last layer sees, [N, D]."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Optimiser:
    """Adam without weight decay, as STSTNet and OFF-ApexNet use it."""

    epochs: Epochs
    batch: BatchSize
    learning_rate: LearningRate

    def __post_init__(self) -> None:
        check_ranges(self)


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


def train_alone(
    net: FlowNet,
    train: Samples,
    plan: FitPlan,
    optimiser: Optimiser,
    watch: Watch | None = None,
) -> FittedNet:
    """Adam on the mean cross entropy of the batch's own clips: the stacked training equals it."""
    net = net.to(plan.device)
    maps = torch.from_numpy(train.maps).to(plan.device)
    labels = torch.from_numpy(train.labels).to(plan.device)
    adam = torch.optim.Adam(net.parameters(), optimiser.learning_rate, fused=True)
    place = own_rows(plan, train.ids)
    fitted = FittedNet(net, plan.device)
    for epoch, batches in enumerate(epoch_batches(plan, optimiser.batch), start=1):
        net.train()
        for batch in batches:
            own = place[batch]
            rows = torch.from_numpy(own[own >= 0]).to(plan.device)
            loss = functional.cross_entropy(net(maps[rows]), labels[rows], reduction="sum")
            adam.zero_grad()
            (loss / max(len(rows), 1)).backward()
            adam.step()
        if watch:
            watch(epoch, 0, fitted)
    return fitted
