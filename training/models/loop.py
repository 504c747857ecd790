"""One network on one fold: the loop that the stacked training must equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from training.models.base import FitPlan, Samples, Watch
from training.models.batches import epoch_batches, own_rows
from training.models.fitted import FittedNet

if TYPE_CHECKING:
    from training.models.network import FlowNet, Optimiser


def train_alone(
    net: FlowNet,
    train: Samples,
    plan: FitPlan,
    optimiser: Optimiser,
    watch: Watch | None = None,
) -> FittedNet:
    """Adam on the mean cross entropy of the batch's own clips."""
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
