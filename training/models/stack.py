"""All folds and seeds in one program: networks over shared clips, each with its own weights.

The folds of a seed see the same clips in the same order; the clips that are not a fold's own count
with weight zero, so that they add nothing to its gradient. Adam works on each number by itself,
hence one Adam over stacked parameters is the same as one Adam per network.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional
from tqdm import tqdm

from training.models.base import FitPlan, Fitted, Samples, Watch, epoch_batches, own_rows
from training.models.flow_net import FittedNet, FlowNet, Optimiser

Stack = Mapping[str, Tensor]  # parameter name -> [F, ...]
# (stack, rows of the clips, weights [F, B] that sum to one or zero) -> gradients of the stack
Gradients = Callable[[Stack, Tensor, Tensor], Stack]
# (all maps [N, S, S, 3], all labels [N]) -> Gradients: what never changes is prepared once
GradientMaker = Callable[[Tensor, Tensor], Gradients]
_Step = list[tuple[Tensor, NDArray[np.int64]]]  # per seed: which networks, which clips


def train_stacked(
    nets: Sequence[FlowNet],
    make: GradientMaker,
    samples: Samples,
    rows: Sequence[NDArray[np.int64]],
    plan: FitPlan,
    optimiser: Optimiser,
    watch: Watch | None = None,
) -> list[Fitted]:
    """Network f starts as `nets[f]` and learns from `rows[f]`; returns one network for each."""
    labels = torch.from_numpy(samples.labels).to(plan.device)
    gradients = make(torch.from_numpy(samples.inputs).to(plan.device), labels)
    stack = _stacked(nets, plan.device)
    adam = torch.optim.Adam(list(stack.values()), optimiser.learning_rate, fused=True)
    mask = _mask(rows, len(samples)).to(plan.device)
    place = own_rows(plan, samples.ids)
    for epoch, steps in enumerate(_epochs(plan, len(rows), optimiser.batch), start=1):
        for step in steps:  # for every seed: its networks and the batch that they meet
            for members, batch in step:
                there = place[batch]
                clips = torch.from_numpy(there[there >= 0]).to(plan.device)
                _add_gradients(stack, gradients, members, clips, mask)
            adam.step()
        if watch:
            for position, fitted in enumerate(_unstacked(nets[0], stack, plan.device)):
                watch(epoch, position, fitted)
    return _unstacked(nets[0], stack, plan.device)


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


def _epochs(plan: FitPlan, networks: int, batch: int) -> Iterator[list[_Step]]:
    """Per epoch its steps, all seeds side by side; every seed has batches of its own."""
    seeds = [plan.of(position).seed for position in range(networks)]
    each = [
        (torch.tensor([k for k, own in enumerate(seeds) if own == seed]), seed)
        for seed in sorted(set(seeds))
    ]
    drawn = zip(*(epoch_batches(replace(plan, seed=seed), batch) for _, seed in each), strict=True)
    for batches in tqdm(
        drawn,
        total=plan.epochs,
        unit="epoch",
        desc=f"{networks} networks together",
        leave=False,
        disable=None,  # no bar where the output is no terminal
    ):
        yield [
            [(members, own) for (members, _), own in zip(each, step, strict=True)]
            for step in zip(*batches, strict=True)
        ]


def _add_gradients(
    stack: Stack, gradients: Gradients, members: Tensor, clips: Tensor, mask: Tensor
) -> None:
    """Sets the gradients of some networks of the stack: the mean over their own clips."""
    own = mask[members][:, clips]
    weight = own / own.sum(dim=1, keepdim=True).clamp(min=1.0)
    part = {name: value.detach()[members] for name, value in stack.items()}
    for name, gradient in gradients(part, clips, weight).items():
        value = stack[name]
        if value.grad is None:
            value.grad = torch.zeros_like(value)
        value.grad[members] = gradient


def _stacked(nets: Sequence[FlowNet], device: str) -> Stack:
    """The parameters of all networks, side by side."""
    every = [dict(net.named_parameters()) for net in nets]
    return {
        name: torch.stack([own[name].detach() for own in every]).to(device).requires_grad_()
        for name in every[0]
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
        own = copy.deepcopy(net).to(device)
        with torch.no_grad():
            for name, value in own.named_parameters():
                value.copy_(stack[name][fold])
        fitted.append(FittedNet(own, device))
    return fitted
