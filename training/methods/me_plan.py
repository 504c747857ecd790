"""ME-PLAN (Zhao et al., Neural Networks 2022): prototypes of the classes, and local attention.

A 3-D residual network embeds the clip; a local attention weighs the places and times that it looks
at; a clip is of the class whose prototype, the mean embedding of its clips, is nearest
(prototypical networks, Snell et al. 2017: p(k) ~ exp(-|f(x) - c_k|^2)). It is trained in episodes:
in each, some clips of a class make its prototype and the others are told by it.

Here a batch is an episode: the first half of each class's clips supports, the rest asks; classes of
one clip only support. A held-out clip is told by the prototypes of all training clips. The public
text leaves the sizes open, and no code was found, so these are ours: flow of eight frames at even
distances, 32 cells, stages of 16, 32 and 64 channels, a softmax over all cells as the attention.
Not here: pre-training on macro-expressions, the paper's own apex spotting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.methods._sequence import check_clip, even_places, flow_sequence
from training.models.base import FitPlan, Fitted, Samples, Watch
from training.models.flow_net import FlowNet, Optimiser, train_alone
from training.models.method import Method
from training.models.network import NetworkModel

FRAMES, CELLS = 8, 32
_FLOW_IOD = 0.01  # motion of this size becomes one
_CHUNK = 256


class MePlan(FlowNet):
    """float16 [N, 8, 32, 32, 3] in IOD -> embeddings [N, 64]; told by prototypes.

    `prototypes` [classes, 64] are set from the training clips; `known`: which classes have any.
    """

    least_batch = 2
    prototypes: Tensor
    known: Tensor

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.classes = classes
        self.stem = nn.Sequential(_conv(3, 16, (1, 2, 2)), nn.ReLU())  # [N, 16, 8, 16, 16]
        self.stages = nn.Sequential(
            _Residual(16, 16, 1),  # [N, 16, 8, 16, 16]
            _Residual(16, 32, 2),  # [N, 32, 4, 8, 8]
            _Residual(32, 64, 2),  # [N, 64, 2, 4, 4]
        )
        self.attention = nn.Conv3d(64, 1, 1)
        self.register_buffer("prototypes", torch.zeros(classes, 64))
        self.register_buffer("known", torch.zeros(classes, dtype=torch.bool))

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 64]: the mean over places and times, weighted by the local attention."""
        x = self.stages(self.stem(maps.permute(0, 4, 1, 2, 3).float() / _FLOW_IOD))
        weight = self.attention(x).flatten(2).softmax(dim=-1)  # [N, 1, 32]
        return (x.flatten(2) * weight).sum(dim=-1)

    def forward(self, maps: Tensor) -> Tensor:
        """Logits [N, classes] by the prototypes that are set."""
        return nearness(self.embed(maps), self.prototypes, self.known)

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy of those that ask, by the prototypes of those that support."""
        embeddings = self.embed(inputs)
        supports = first_halves(labels)
        asks = ~supports & torch.isin(labels, labels[supports])
        if not bool(asks.any()):
            return 0.0 * embeddings.sum()
        centres, known = class_means(embeddings[supports], labels[supports], self.classes)
        return functional.cross_entropy(nearness(embeddings[asks], centres, known), labels[asks])


@dataclass(frozen=True, slots=True)
class PrototypeModel(NetworkModel):
    """As `NetworkModel`; after every epoch the prototypes are those of all training clips."""

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """One fold."""

        def tell(epoch: int, position: int, fitted: Fitted) -> None:
            set_prototypes(net, train, plan.device)
            if watch:
                watch(epoch, position, fitted)

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            net = MePlan(plan.classes)
            fitted = train_alone(net, train, plan, self.optimiser, tell if watch else None)
        set_prototypes(net, train, plan.device)
        return fitted


def set_prototypes(net: MePlan, train: Samples, device: str) -> None:
    """The mean embeddings of the training clips, as the trained network sees them."""
    net.eval()
    with torch.no_grad():
        parts = torch.from_numpy(train.inputs).to(device).split(_CHUNK)
        seen = torch.cat([net.embed(part) for part in parts])
        labels = torch.from_numpy(train.labels).to(device)
        centres, known = class_means(seen, labels, net.classes)
        net.prototypes.copy_(centres)
        net.known.copy_(known)


def class_means(embeddings: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """[classes, D], zero for a class without clips; and whether it has any, [classes]."""
    member = functional.one_hot(labels, classes).to(embeddings.dtype)  # [N, classes]
    count = member.sum(dim=0)
    return (member.T @ embeddings) / count.clamp(min=1.0)[:, None], count > 0


def nearness(embeddings: Tensor, centres: Tensor, known: Tensor) -> Tensor:
    """Minus the squared distance [N, classes]; a class that is not known has no share."""
    square = (embeddings[:, None] - centres[None]).square().sum(dim=-1)
    return (-square).masked_fill(~known, -torch.inf)


def first_halves(labels: Tensor) -> Tensor:
    """Whether a clip is in the first half, rounded up, of its class's clips, in their order."""
    same = labels[:, None] == labels[None]
    place = torch.tril(same, -1).sum(dim=1)
    return 2 * place < same.sum(dim=1)


def even_flows(clip: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Flow from the onset to eight frames at even distances, [8, 32, 32, 3], of a clip [T, S, S].

    Raises:
        ValueError: no clip, or fewer than two frames.
    """
    check_clip(clip, 2)
    return flow_sequence(clip, even_places(len(clip), FRAMES + 1)[1:], CELLS)


class _Residual(nn.Module):
    """Two 3x3x3 convolutions and a way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _conv(inputs, outputs, (stride,) * 3)
        self.second = _conv(outputs, outputs, (1, 1, 1))
        self.around = (
            nn.Identity()
            if inputs == outputs
            else nn.Sequential(nn.Conv3d(inputs, outputs, 1, stride), nn.BatchNorm3d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        return (self.second(self.first(x).relu()) + self.around(x)).relu()


def _conv(inputs: int, outputs: int, stride: tuple[int, ...]) -> nn.Sequential:
    conv = nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False)  # type: ignore[arg-type]
    return nn.Sequential(conv, nn.BatchNorm3d(outputs))


def make_me_plan() -> NetworkModel:
    """Prototypes and local attention."""
    return PrototypeModel(
        name="me-plan",
        build=MePlan,
        optimiser=Optimiser(epochs=40, batch=32, learning_rate=1e-3),
        about="8 frames of u, v, strain at 32 cells; 3-D residual stages 16, 32, 64; softmax "
        "attention over cells; prototypes of half a batch",
        stacks=False,
        represent_one=even_flows,
    )


METHOD = Method(
    title="ME-PLAN",
    year=2022,
    reads="clips",
    source="Zhao et al., Neural Networks 153, 2022",
    status="reconstruction",
    make=make_me_plan,
    open="all sizes, the form of the attention, episodes and optimiser; no pre-training on "
    "macro-expressions",
)
