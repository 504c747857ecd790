"""All folds in one program: a batch of networks over shared clips, each with its own weights.

Every fold sees the same clips in the same order; the clips that are not its own count with weight
zero, so that they add nothing to its gradient. Adam works on each number by itself, hence one Adam
over stacked parameters is the same as one Adam per network.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional
from tqdm import tqdm

from training.models.base import FitPlan, Fitted, Samples, Watch
from training.models.batches import epoch_batches, own_rows
from training.models.fitted import FittedNet

if TYPE_CHECKING:
    from training.models.network import FlowNet, Optimiser

Stack = Mapping[str, Tensor]  # parameter name -> [F, ...]
# (stack, rows of the clips, weights [F, B] that sum to one or zero) -> gradients of the stack
Gradients = Callable[[Stack, Tensor, Tensor], Stack]
# (all maps [N, S, S, 3], all labels [N]) -> Gradients: what never changes is prepared once
GradientMaker = Callable[[Tensor, Tensor], Gradients]


def train_stacked(
    net: FlowNet,
    make: GradientMaker,
    samples: Samples,
    rows: Sequence[NDArray[np.int64]],
    plan: FitPlan,
    optimiser: Optimiser,
    watch: Watch | None = None,
) -> list[Fitted]:
    """Fold f learns from `rows[f]`; returns one network per fold."""
    net = net.to(plan.device)
    labels = torch.from_numpy(samples.labels).to(plan.device)
    gradients = make(torch.from_numpy(samples.maps).to(plan.device), labels)
    stack = _repeated(net, len(rows))
    adam = torch.optim.Adam(list(stack.values()), optimiser.learning_rate)
    mask = _mask(rows, len(samples)).to(plan.device)
    place = own_rows(plan, samples.ids)
    epochs = tqdm(
        epoch_batches(plan, optimiser.batch),
        total=plan.epochs,
        unit="epoch",
        desc=f"{len(rows)} folds, seed {plan.seed}",
        leave=False,
        disable=None,  # no bar where the output is no terminal
    )
    for epoch, batches in enumerate(epochs, start=1):
        for batch in batches:
            there = place[batch]
            clips = torch.from_numpy(there[there >= 0]).to(plan.device)
            _step(stack, adam, gradients, clips, mask[:, clips])
        if watch:
            for fold, fitted in enumerate(_unstacked(net, stack, plan.device)):
                watch(epoch, fold, fitted)
    return list(_unstacked(net, stack, plan.device))


def vmap_gradients(net: FlowNet) -> GradientMaker:
    """Gradients of any network without random layers, by `vmap` over its parameters."""

    def make(maps: Tensor, labels: Tensor) -> Gradients:
        def loss(params: Stack, x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
            logits = functional_call(net, dict(params), (x,))
            return (functional.cross_entropy(logits, y, reduction="none") * weight).sum()

        each = vmap(grad(loss), in_dims=(0, None, None, 0))
        return lambda stack, clips, weight: each(
            {name: value.detach() for name, value in stack.items()},
            maps[clips],
            labels[clips],
            weight,
        )

    return make


def _step(
    stack: Stack, adam: torch.optim.Adam, gradients: Gradients, clips: Tensor, mask: Tensor
) -> None:
    weight = mask / mask.sum(dim=1, keepdim=True).clamp(min=1.0)
    for name, gradient in gradients(stack, clips, weight).items():
        stack[name].grad = gradient
    adam.step()


def _repeated(net: FlowNet, folds: int) -> Stack:
    """Every fold starts from the same weights."""
    return {
        name: value.detach().expand(folds, *value.shape).clone().requires_grad_()
        for name, value in net.named_parameters()
    }


def _mask(rows: Sequence[NDArray[np.int64]], count: int) -> Tensor:
    """[F, N]: one where the clip belongs to the fold's training."""
    mask = torch.zeros(len(rows), count)
    for fold, own in enumerate(rows):
        mask[fold, torch.from_numpy(own)] = 1.0
    return mask


def _unstacked(net: FlowNet, stack: Stack, device: str) -> list[Fitted]:
    fitted: list[Fitted] = []
    folds = len(next(iter(stack.values())))
    for fold in range(folds):
        own = copy.deepcopy(net)
        with torch.no_grad():
            for name, value in own.named_parameters():
                value.copy_(stack[name][fold])
        fitted.append(FittedNet(own, device))
    return fitted
