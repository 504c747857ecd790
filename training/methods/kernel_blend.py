"""Kernel ridge on levelled motion, blended with what the bundled network says of the same map.

Each map is described five times: levelled (`Levelling`, as the network's own first step) without
and with its slopes taken out, both in cells of 2 x 2; the vertical motion alone of both; and once
more in cells of 4 x 4. One Gaussian kernel each, of the width of the median distance; their mean
is the kernel of a ridge regression (`training.models.kernels`). Where the bundled network tells
action units, those are a sixth description.

    score_c = kernel ridge_c + w p_c,    p = softmax(network / T)

The temperature T is fitted on the fold's training clips, for the network never saw them. Ridge and
w are chosen inside the fold, by leaving out groups of its training subjects; the left-out scores
give the scale that turns scores into probabilities. Under classes that the network does not know,
w is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.model_selection import GroupKFold
from torch import Tensor
from torch.nn.functional import avg_pool2d

from recognition.classifiers.ensemble import mirror
from recognition.classifiers.scvit import Levelling
from recognition.files.model_file import BUNDLED
from streamer.core.ranges import Range, check_ranges
from streamer.core.records import EMOTIONS
from training.common.calibration import fit_temperature
from training.common.files import sha256_of
from training.common.metrics import score_recognition
from training.models.base import FitPlan, Fitted, OneByOne, Samples, Settings, Watch
from training.models.bundled import ask_bundled
from training.models.kernels import KernelRidge, SummedKernel, fit_kernel, fit_ridge
from training.models.method import Method

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen inside the fold."""

    ridge: float
    weight: float  # of the bundled network


@dataclass(frozen=True, slots=True, eq=False)
class FittedBlend:
    """The training clips, and one score each of what they weigh."""

    kernel: SummedKernel
    ridge: KernelRidge
    train: NDArray[np.float32]  # [N, 2, D]
    weight: float
    temperature: float  # of the bundled network
    scale: float  # of the scores

    def probabilities(self, maps: NDArray) -> NDArray[np.float32]:
        """[N, classes] of what `represent` gives."""
        scores = self.ridge(self.kernel(maps, self.train))
        told = network_shares(maps, self.temperature) if self.weight else 0.0
        return np.asarray(softmax((scores + self.weight * told) * self.scale, axis=1), np.float32)

    def features(self, maps: NDArray) -> None:
        """None beyond the description."""
        return None


@dataclass(frozen=True, slots=True)
class BlendModel(OneByOne):
    """`ridges` and `weights` are tried inside the fold, over `splits` groups of its subjects."""

    ridges: tuple[Annotated[float, Range(1e-4, 1e4)], ...] = (0.5, 1.0)
    weights: tuple[Annotated[float, Range(0.0, 100.0)], ...] = (0.125, 0.25, 0.5)
    splits: Annotated[int, Range(2, 100)] = 8
    name: str = "kernel-blend"
    default_epochs: int = 0
    seeded: bool = False
    stacks: bool = False

    def __post_init__(self) -> None:
        check_ranges(self)

    def settings(self) -> Settings:
        """What is searched, and which network is asked."""
        return {
            "ridges": list(self.ridges),
            "weights": list(self.weights),
            "inner": self.splits,
            "network": dict(sha256_of([BUNDLED])),
        }

    def represent(self, samples: Samples) -> Samples:
        """Each map by itself: the network's logarithms, then descriptions, for both views."""
        return replace(samples, represented=describe(samples.maps))

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Choose by left-out subjects, then fit on all training clips."""
        if train.represented is None:
            train = self.represent(train)
        clips, labels, classes = train.inputs, train.labels, plan.classes
        size = train.maps.shape[1]
        knows = classes == len(EMOTIONS)
        temperature = _temperature(clips, labels) if knows else 1.0
        told = network_shares(clips, temperature) if knows else np.zeros((len(train), classes))
        kernel = fit_kernel(clips, blocks_of(size, clips.shape[2]))
        gram = kernel(clips, clips)
        weights = self.weights if knows else (0.0,)
        choice, scale = _choose(self, gram, told, train, classes, weights)
        ridge = fit_ridge(gram, labels, classes, choice.ridge)
        return FittedBlend(kernel, ridge, clips, choice.weight, temperature, scale)


def describe(maps: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 maps [N, S, S, 3] -> [N, 2, D]: log-probabilities of the bundled network, descriptions
    of the motion (`blocks_of`), action units where the network tells them."""
    given = torch.from_numpy(maps)
    return np.stack([_describe(view) for view in (given, mirror(given))], axis=1)


def blocks_of(size: int, width: int) -> list[slice]:
    """Columns of the descriptions among `width` columns, for maps of `size` cells a side."""
    cells, coarse, start = (size // 2) ** 2, (size // 4) ** 2, len(EMOTIONS)
    lengths = [3 * cells, 3 * cells, 3 * coarse]
    ends = np.cumsum([start, *lengths]).tolist()
    blocks = [slice(a, b) for a, b in pairwise(ends)]
    vertical = [slice(first + cells, first + 2 * cells) for first in ends[:2]]
    units = [slice(ends[-1], width)] if width > ends[-1] else []
    return [*blocks, *vertical, *units]


def network_shares(clips: NDArray, temperature: float) -> Floats:
    """Probabilities [N, 3] of the bundled network, the mean of both views' logarithms."""
    logs = clips[:, :, : len(EMOTIONS)].astype(np.float64).mean(axis=1)
    return np.asarray(softmax(logs / temperature, axis=1))


def _describe(maps: Tensor) -> NDArray[np.float32]:
    told = ask_bundled(maps.numpy())
    with torch.no_grad():
        level, slopes = (Levelling(maps.shape[1], columns)(maps) for columns in (1, 3))
        pooled = [avg_pool2d(level, 2), avg_pool2d(slopes, 2), avg_pool2d(slopes, 4)]
        motion = torch.cat([plane.flatten(1) for plane in pooled], dim=1).numpy()
    return np.concatenate([told.logs, motion, told.units], axis=1)


def _temperature(clips: NDArray, labels: NDArray[np.int64]) -> float:
    return fit_temperature(network_shares(clips, 1.0), labels).temperature


def _choose(
    model: BlendModel,
    gram: Floats,
    told: Floats,
    train: Samples,
    classes: int,
    weights: Sequence[float],
) -> tuple[Chosen, float]:
    """The choice of the highest UF1 over left-out subjects, and the scale of its scores.

    With one subject nothing can be left out: the middle of each list is taken.
    """
    splits = min(model.splits, len(set(train.groups)))
    if splits < 2:
        return Chosen(model.ridges[len(model.ridges) // 2], weights[len(weights) // 2]), 1.0
    folds = list(GroupKFold(splits).split(train.labels, groups=list(train.groups)))
    scores = {r: _left_out(gram, train.labels, classes, r, folds) for r in model.ridges}
    blended = {Chosen(r, w): scores[r] + w * told for r in model.ridges for w in weights}
    uf1 = {
        choice: score_recognition(train.labels, own.argmax(axis=1), classes).uf1
        for choice, own in blended.items()
    }
    best = max(blended, key=lambda choice: uf1[choice])  # the first of equals
    # Scores stand for logarithms here.
    return best, 1.0 / fit_temperature(np.exp(blended[best]), train.labels).temperature


def _left_out(
    gram: Floats,
    labels: NDArray[np.int64],
    classes: int,
    ridge: float,
    folds: Sequence[tuple[Rows, Rows]],
) -> Floats:
    """Scores [N, classes] of every clip by those of other groups."""
    scores = np.zeros((len(labels), classes))
    for used, held in folds:
        fitted = fit_ridge(gram[np.ix_(used, used)], labels[used], classes, ridge)
        scores[held] = fitted(gram[np.ix_(held, used)])
    return scores


METHOD = Method(
    title="kernel ridge blended with the bundled model",
    year=2026,
    reads="maps",
    source="scipy; five descriptions of levelled motion",
    status="ours",
    make=BlendModel,
)
