"""A network of the benchmark: what it is, how it is trained alone, how it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from streamer.core.ranges import BatchSize, Epochs, LearningRate, Range, check_ranges
from training.models.base import FitPlan, Samples, Watch, epoch_batches, own_rows

_CHUNK = 256
_MIDDLE, _SPREAD = 128.0, 32.0


class FlowNet(nn.Module):
    """A network on `Samples.inputs`, maps uint8 [N, 28, 28, 3] for most, -> logits [N, C].

    Scaling happens inside. `least_batch`: batches of fewer clips are left out of the training, as
    batch normalisation needs two.
    """

    least_batch = 0

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """What is made smaller: the mean cross entropy of the batch; zero for an empty one."""
        total = functional.cross_entropy(self(inputs), labels, reduction="sum")
        return total / max(len(labels), 1)

    def embed(self, maps: Tensor) -> Tensor:
        """What the last layer sees, [N, D]."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Optimiser:
    """Adam, or stochastic gradient descent; the learning rate times `decay` after every epoch."""

    epochs: Epochs
    batch: BatchSize
    learning_rate: LearningRate
    kind: Literal["adam", "sgd"] = "adam"
    momentum: Annotated[float, Range(0.0, 0.999)] = 0.9  # of sgd
    weight_decay: Annotated[float, Range(0.0, 1.0)] = 0.0
    decay: Annotated[float, Range(0.01, 1.0)] = 1.0

    def __post_init__(self) -> None:
        check_ranges(self)

    def over(self, net: nn.Module) -> torch.optim.Optimizer:
        """An optimiser of the network's parameters."""
        given = [p for p in net.parameters() if p.requires_grad]
        if self.kind == "adam":
            return torch.optim.Adam(
                given, self.learning_rate, weight_decay=self.weight_decay, fused=True
            )
        return torch.optim.SGD(
            given, self.learning_rate, self.momentum, weight_decay=self.weight_decay
        )


@dataclass(frozen=True, slots=True)
class FittedNet:
    """`net(maps)` gives logits [N, C], `net.embed(maps)` what the last layer sees."""

    net: Any
    device: str

    def probabilities(self, maps: NDArray) -> NDArray[np.float32]:
        """[N, classes]; rows sum to one."""
        self.net.eval()
        with torch.no_grad():
            parts = [self.net(part).softmax(dim=-1).cpu() for part in self._parts(maps)]
        return torch.cat(parts).numpy()

    def features(self, maps: NDArray) -> NDArray[np.float32]:
        """[N, D]."""
        self.net.eval()
        with torch.no_grad():
            return torch.cat([self.net.embed(part).cpu() for part in self._parts(maps)]).numpy()

    def _parts(self, maps: NDArray) -> tuple[Tensor, ...]:
        return torch.from_numpy(maps).to(self.device).split(_CHUNK)


def train_alone(
    net: FlowNet,
    train: Samples,
    plan: FitPlan,
    optimiser: Optimiser,
    watch: Watch | None = None,
) -> FittedNet:
    """The network's loss over the batch's own clips: the stacked training equals it."""
    net = net.to(plan.device)
    inputs = torch.from_numpy(train.inputs).to(plan.device)
    labels = torch.from_numpy(train.labels).to(plan.device)
    stepper = optimiser.over(net)
    slower = torch.optim.lr_scheduler.ExponentialLR(stepper, optimiser.decay)
    place = own_rows(plan, train.ids)
    fitted = FittedNet(net, plan.device)
    for epoch, batches in enumerate(epoch_batches(plan, optimiser.batch), start=1):
        net.train()
        for batch in batches:
            own = place[batch]
            rows = torch.from_numpy(own[own >= 0]).to(plan.device)
            if len(rows) < net.least_batch:
                continue
            loss = net.loss(inputs[rows], labels[rows])
            stepper.zero_grad()
            loss.backward()
            stepper.step()
        if optimiser.decay < 1.0:
            slower.step()
        if watch:
            watch(epoch, 0, fitted)
    return fitted


def scaled(maps: Tensor) -> Tensor:
    """uint8 [N, S, S, 3] -> float [N, 3, S, S] of about unit variance."""
    return (maps.permute(0, 3, 1, 2).float() - _MIDDLE) / _SPREAD
