"""CapsuleNet (Quang, Chun and Tokuyama, FG 2019), on the apex face alone.

ResNet-18 up to its third layer, without its max-pooling; a convolution 9x9 to 256 maps; primary
capsules of 8 numbers by a convolution 9x9 with stride 2; one capsule of 16 numbers per class, found
by three rounds of routing by agreement (Sabour et al., NeurIPS 2017):

    u_ij = W_ij u_i,  c_i = softmax over j of b_ij,  v_j = squash(sum over i of c_ij u_ij),
    b_ij += v_j . u_ij,   squash(s) = |s|^2 / (1 + |s|^2) * s / |s|

The length of a class's capsule says how much of the class there is. Margin loss, with T_j = 1 for
the class of the clip: T_j max(0, 0.99 - |v_j|)^2 + 0.5 (1 - T_j) max(0, |v_j| - 0.01)^2. Adam at
1e-4, times 0.9 after every epoch, batches of 32, 30 epochs.

The released script starts from weights of a macro-expression set, adds frames beside the apex of
the rarer classes, turns and shifts the pictures, and keeps the best epoch of the held-out subject.
Here the network starts from chance and sees each clip's apex, unvaried, for a fixed number of
epochs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import resnet18

from streamer.core.ranges import Range, check_ranges
from streamer.core.settings import fill, load_yaml
from training.models.flow_net import FlowNet, Optimiser
from training.models.method import Method
from training.models.network import NetworkModel

_PRIMARY, _CLASS = 8, 16  # numbers of a capsule
_UPPER, _LOWER, _WRONG = 0.99, 0.01, 0.5
_EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class CapsuleSettings:
    """The side of the face that the network sees (published: 224) and the routing."""

    side_px: Annotated[int, Range(136, 512)] = 224  # 136 leave one cell of primary capsules
    routings: Annotated[int, Range(1, 20)] = 3

    def __post_init__(self) -> None:
        check_ranges(self)


def squash(s: Tensor) -> Tensor:
    """Vectors [..., D] of the same direction, shorter than one; zero stays zero."""
    squared = s.square().sum(dim=-1, keepdim=True)
    return s * squared.add(_EPSILON).sqrt() / (1 + squared)


def couplings(b: Tensor) -> Tensor:
    """[N, classes, capsules]: the shares of a primary capsule in the classes; they sum to one."""
    return b.softmax(dim=1)


def route(votes: Tensor, rounds: int) -> Tensor:
    """Class capsules [N, classes, 16] of votes [N, classes, capsules, 16].

    The agreement is found without a gradient; it flows through the last round alone.
    """
    fixed = votes.detach()
    b = torch.zeros(votes.shape[:3], device=votes.device, dtype=votes.dtype)
    for _ in range(rounds - 1):
        found = squash((couplings(b)[..., None] * fixed).sum(dim=2))
        b = b + (found[:, :, None] * fixed).sum(dim=-1)
    return squash((couplings(b)[..., None] * votes).sum(dim=2))


class CapsuleNet(FlowNet):
    """Apex faces uint8 [N, S, S, 3] -> logits [N, classes], the logarithms of the lengths."""

    least_batch = 1

    def __init__(self, classes: int = 3, settings: CapsuleSettings | None = None) -> None:
        super().__init__()
        chosen = settings or CapsuleSettings()
        self.side, self.routings = chosen.side_px, chosen.routings
        net = resnet18(weights=None)
        self.stem = nn.Sequential(net.conv1, net.bn1, nn.ReLU(), net.layer1, net.layer2, net.layer3)
        self.wide = nn.Conv2d(256, 256, 9)  # [N, 256, 28, 28] -> [N, 256, 20, 20]
        self.primary = nn.Conv2d(256, 32 * _PRIMARY, 9, stride=2)  # -> [N, 256, 6, 6]
        cells = ((-(-self.side // 8) - 8) - 9) // 2 + 1
        self.votes = nn.Parameter(
            0.01 * torch.randn(classes, 32 * cells**2, _CLASS, _PRIMARY)  # 1152 capsules at 224 px
        )

    def capsules(self, faces: Tensor) -> Tensor:
        """[N, classes, 16]."""
        x = (faces.permute(0, 3, 1, 2).float() - 128) / 64
        x = functional.interpolate(x, (self.side, self.side), mode="bilinear")
        x = self.primary(self.wide(self.stem(x)).relu())
        primary = squash(x.permute(0, 2, 3, 1).reshape(len(x), -1, _PRIMARY))
        return route(torch.einsum("kiod,nid->nkio", self.votes, primary), self.routings)

    def embed(self, faces: Tensor) -> Tensor:
        """[N, classes * 16]."""
        return self.capsules(faces).flatten(1)

    def forward(self, faces: Tensor) -> Tensor:
        """[N, classes]: probabilities are in the proportion of the lengths."""
        return _lengths(self.capsules(faces)).log()

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """The margin loss, the mean over the clips."""
        lengths = _lengths(self.capsules(inputs))
        right = functional.one_hot(labels, lengths.shape[1])
        short = (_UPPER - lengths).clamp_min(0).square()
        long = (lengths - _LOWER).clamp_min(0).square()
        return (right * short + _WRONG * (1 - right) * long).sum() / max(len(labels), 1)


def _lengths(capsules: Tensor) -> Tensor:
    """[N, classes], above zero."""
    return capsules.square().sum(dim=-1).add(_EPSILON).sqrt()


def apex_face(pair: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [S, S, 3] of a pair [2, S, S, 3].

    Raises:
        ValueError: it is no pair of RGB faces.
    """
    if pair.ndim != 4 or pair.shape[0] != 2 or pair.shape[3] != 3:
        raise ValueError(f"faces have shape {pair.shape}; expected (2, side, side, 3): RGB pairs")
    return pair[1]


def make_capsulenet(file: Path | None = None) -> NetworkModel:
    """The model under the settings of a YAML file, or the defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    settings = (
        fill(CapsuleSettings, load_yaml(file), where=str(file)) if file else CapsuleSettings()
    )
    return NetworkModel(
        name="capsulenet",
        build=lambda classes: CapsuleNet(classes, settings),
        optimiser=Optimiser(epochs=30, batch=32, learning_rate=1e-4, decay=0.9),
        about=f"ResNet-18 to layer 3, 9x9 256, capsules of 8 and 16, {settings}",
        stacks=False,
        represent_one=apex_face,
    )


METHOD = Method(
    title="CapsuleNet",
    year=2019,
    reads="pairs",
    source="Quang et al., FG 2019; code of the authors",
    status="official code followed",
    make=make_capsulenet,
    configurable=True,
    open="from chance (published: weights of a macro-expression set), apex frames only, no "
    "variation of the pictures; the apex of the cache, 128 px, enlarged to 224",
)
