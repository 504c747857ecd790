"""Kernel ridge classification: Gaussian kernels of several descriptions of a clip, summed.

A clip comes as two views, itself and its mirror image. The kernel of two clips is the mean over
the views of the second, so that a face and its mirror image are told alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

Floats = NDArray[np.float64]
Columns = slice  # of a description among those of a clip


@dataclass(frozen=True, slots=True, eq=False)
class SummedKernel:
    """Mean of Gaussian kernels, exp(-d^2 / width), one per description.

    Attributes:
        blocks: columns of each description. widths: of each, a squared distance.
    """

    blocks: tuple[Columns, ...]
    widths: tuple[float, ...]

    def __call__(self, first: NDArray, second: NDArray) -> Floats:
        """Clips [N, 2, D] and [M, 2, D] -> [N, M]."""
        total = np.zeros((len(first), len(second)))
        for block, width in zip(self.blocks, self.widths, strict=True):
            for view in range(second.shape[1]):
                distances = squared_distances(first[:, 0, block], second[:, view, block])
                total += np.exp(-distances / width)
        return total / (len(self.blocks) * second.shape[1])


def fit_kernel(clips: NDArray, blocks: Sequence[Columns]) -> SummedKernel:
    """The width of each description is the median squared distance between these clips."""
    widths = []
    for block in blocks:
        distances = squared_distances(clips[:, 0, block], clips[:, 0, block])
        apart = distances[np.triu_indices(len(clips), 1)]
        widths.append(float(max(np.median(apart), 1e-12)) if apart.size else 1.0)
    return SummedKernel(tuple(blocks), tuple(widths))


@dataclass(frozen=True, slots=True, eq=False)
class KernelRidge:
    """Ridge regression of the classes' indicators, in the kernel's space.

    Attributes:
        dual: [N, C]. mean: [C], of the indicators. share: [N], weight of each training clip, sum
            one. row: [N], the kernel's weighted mean over training clips; level: its own mean.
    """

    dual: Floats
    mean: Floats
    share: Floats
    row: Floats
    level: float

    def __call__(self, kernel: NDArray) -> Floats:
        """Kernel [M, N] of new clips to the training clips -> scores [M, C] that sum to one."""
        centred = kernel - (kernel @ self.share)[:, None] - self.row + self.level
        return np.asarray(centred @ self.dual + self.mean)


def fit_ridge(
    kernel: NDArray, labels: NDArray[np.int64], classes: int, ridge: float
) -> KernelRidge:
    """min over f of sum_i w_i |y_i - f(x_i)|^2 + ridge |f|^2, w_i by the rarity of its class.

    A class without clips gets the score 0.
    """
    counts = np.bincount(labels, minlength=classes)
    weights = (1.0 / np.maximum(counts, 1))[labels]
    weights = weights * len(labels) / weights.sum()
    share = weights / len(labels)
    wanted = np.eye(classes)[labels]
    mean = share @ wanted
    row = kernel @ share
    level = float(share @ row)
    centred = kernel - row[:, None] - row + level
    dual = solve(centred + np.diag(ridge / weights), wanted - mean)
    return KernelRidge(np.asarray(dual), mean, share, row, level)


def squared_distances(first: NDArray, second: NDArray) -> Floats:
    """Rows [N, D] and [M, D] -> [N, M]."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * (a @ b.T)
    return np.asarray(np.maximum(squares, 0.0))
