"""Gradients of many STSTNets at once, by hand: what all folds share is done once.

Every fold sees the same clips, so the patches under the 3x3 convolution are cut once. Only the
winning position of each pooling cell passes a gradient on: one patch in nine.

The convolutions of all folds are one matrix product, `max_pool2d` names the winners, and
`embedding_bag` sums the named patches, weighted by their gradients, which is the weight gradient
without a second large product. The clips go through in small pieces that stay in the cache, one
stream of pieces per CPU thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.methods._ststnet_net import FILTERS
from training.models.flow_net import FlowNet, scaled
from training.models.stack import GradientMaker, Gradients, Stack

CELLS, SIDE = 100, 10  # pooling cells of a map, along a side
POOLS = 25  # average-pooling cells
POSITIONS = 9  # of the convolution inside a cell
TAPS = 28  # 3 x 3 x 3 inputs, and a one for the bias
CHANNELS = sum(FILTERS)
PIECE_CPU, PIECE_CUDA = 2, 64  # clips


@dataclass(frozen=True, slots=True)
class Weights:
    """A stack in the shapes that the products need."""

    convolution: Tensor  # [TAPS, F x 16]
    head: Tensor  # [F, K, 400]
    bias: Tensor  # [F, K]
    unpool: Tensor  # [25, 100]: what a gradient of the average pooling means to its cells


@dataclass(frozen=True, slots=True)
class Sums:
    """Gradients of the same shapes; `convolution` is [F x 16, TAPS]."""

    convolution: Tensor
    head: Tensor
    bias: Tensor


def ststnet_gradients(net: FlowNet) -> GradientMaker:
    """A maker for stacks of STSTNet; of any number of classes."""
    return make_gradients


def make_gradients(maps: Tensor, labels: Tensor) -> Gradients:
    """Gradients of stacks on these maps, whose patches are cut here, once."""
    patches, on_cpu = cut_patches(maps), maps.device.type == "cpu"

    def gradients(stack: Stack, clips: Tensor, weight: Tensor) -> Stack:
        with torch.no_grad():
            weights = gather_weights(stack)
            pieces = clips.split(PIECE_CPU if on_cpu else PIECE_CUDA)
            starts = list(_starts(pieces))
            streams = torch.get_num_threads() if on_cpu else 1
            jobs = [
                (weights, patches, labels, weight, pieces[k::streams], starts[k::streams])
                for k in range(min(streams, len(pieces)))
            ]
            return _scatter(_add(_in_threads(jobs)), stack)

    return gradients


def cut_patches(maps: Tensor) -> Tensor:
    """uint8 maps [N, 28, 28, 3] -> [9, N, 100, 28]: by position in the cell, clip, cell.

    The pooling's padding hides positions outside the map: they repeat the nearest one inside, which
    changes no maximum and, being the same patch, no gradient.
    """
    n, size = maps.shape[0], maps.shape[1]
    columns = functional.unfold(scaled(maps), 3, padding=1)  # [N, 27, 784]
    ones = torch.ones_like(columns[:, :1])
    every = torch.cat([columns, ones], dim=1).reshape(n, TAPS, size, size)
    line = 3 * torch.arange(SIDE, device=maps.device) - 1  # first row of each cell
    found = [
        every[:, :, (line + dy).clamp(0, size - 1)][..., (line + dx).clamp(0, size - 1)]
        for dy in range(3)
        for dx in range(3)
    ]
    return torch.stack(found).reshape(POSITIONS, n, TAPS, CELLS).transpose(2, 3).contiguous()


def gather_weights(stack: Stack) -> Weights:
    """The stacked parameters, rearranged."""
    parts = [
        torch.cat(
            [
                stack[f"streams.{k}.weight"].flatten(2),
                stack[f"streams.{k}.bias"].unsqueeze(-1),
            ],
            dim=-1,
        )
        for k in range(len(FILTERS))
    ]
    filters = torch.cat(parts, dim=1).reshape(-1, TAPS)
    whole = torch.eye(25, device=filters.device).view(25, 5, 5)
    unpool = whole.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2).flatten(1) / 4
    return Weights(filters.t().contiguous(), stack["head.weight"], stack["head.bias"], unpool)


def sum_pieces(
    weights: Weights,
    patches: Tensor,
    labels: Tensor,
    weight: Tensor,
    pieces: Sequence[Tensor],
    starts: Sequence[int],
) -> Sums:
    """Gradients over some pieces of the batch; `weight` is [F, B], a piece starts at its column."""
    total = Sums(
        torch.zeros_like(weights.convolution.t()),
        torch.zeros_like(weights.head),
        torch.zeros_like(weights.bias),
    )
    for clips, start in zip(pieces, starts, strict=True):
        own = weight[:, start : start + len(clips)]
        _accumulate(total, weights, patches.index_select(1, clips), labels[clips], own)
    return total


def _accumulate(
    total: Sums, weights: Weights, patches: Tensor, labels: Tensor, weight: Tensor
) -> None:
    """Forward and backward of n clips: patches [9, n, 100, 28], weight [F, n]."""
    folds, n = weight.shape
    table = patches.reshape(-1, TAPS)
    maps = (table @ weights.convolution).view(1, POSITIONS, n * CELLS, -1).permute(0, 3, 1, 2)
    best, where = functional.max_pool2d(maps, (POSITIONS, 1), return_indices=True)
    best, where = best[0, :, 0], where[0, :, 0]  # [F x 16, n x 100], where: row of the table
    cells = best.t().reshape(n, SIDE, SIDE, -1).permute(0, 3, 1, 2)  # channels last
    pooled = functional.avg_pool2d(cells.relu(), 2)  # [n, F x 16, 5, 5]
    features = pooled.reshape(n, folds, -1).transpose(0, 1)  # [F, n, 400]
    logits = torch.baddbmm(weights.bias.unsqueeze(1), features, weights.head.transpose(1, 2))
    slope = logits.softmax(dim=-1)
    slope[:, torch.arange(n, device=labels.device), labels] -= 1.0
    slope *= weight.unsqueeze(-1)
    total.head.baddbmm_(slope.transpose(1, 2), features)
    total.bias.add_(slope.sum(dim=1))
    back = torch.bmm(slope, weights.head).reshape(folds, n, CHANNELS, -1).transpose(1, 2)
    spread = (back.reshape(-1, 25) @ weights.unpool).view(-1, n * CELLS)  # [F x 16, n x 100]
    spread.mul_((best > 0).contiguous())
    chosen = functional.embedding_bag(
        where.contiguous(), table, per_sample_weights=spread, mode="sum"
    )
    total.convolution.add_(chosen)


def _in_threads(jobs: Sequence[tuple]) -> list[Sums]:
    if len(jobs) == 1:
        return [sum_pieces(*jobs[0])]
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(len(jobs), initializer=torch.set_num_threads, initargs=(1,)) as p:
            return list(p.map(lambda job: _without_grad(*job), jobs))
    finally:
        torch.set_num_threads(threads)


def _without_grad(*job: object) -> Sums:
    """Gradients are off per thread."""
    with torch.no_grad():
        return sum_pieces(*job)  # type: ignore[arg-type]


def _starts(pieces: Sequence[Tensor]) -> list[int]:
    starts, at = [], 0
    for piece in pieces:
        starts.append(at)
        at += len(piece)
    return starts


def _add(sums: Sequence[Sums]) -> Sums:
    first = sums[0]
    for other in sums[1:]:
        first.convolution.add_(other.convolution)
        first.head.add_(other.head)
        first.bias.add_(other.bias)
    return first


def _scatter(sums: Sums, stack: Stack) -> Stack:
    """Back to the names and shapes of the parameters."""
    folds = len(sums.bias)
    every = sums.convolution.reshape(folds, CHANNELS, TAPS).split(FILTERS, dim=1)
    found = {"head.weight": sums.head, "head.bias": sums.bias}
    for k, own in enumerate(every):
        name = f"streams.{k}.weight"
        found[name] = own[..., :-1].reshape(stack[name].shape)
        found[f"streams.{k}.bias"] = own[..., -1].contiguous()
    return found
