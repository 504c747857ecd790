"""EMRNet (Liu, Du, Zheng and Gedeon, FG 2019): halves of a face, and an adversary.

A ResNet-18 without its head; the upper and the lower part of its last maps are averaged, each goes
through a layer of 64 (tanh, dropout 0.1), and three classifiers learn from the upper, the lower and
both. An adversary of 128 -> 64 -> 32 guesses from both where the clip comes from; its gradient is
turned round by a factor that rises from 0 with the step t, 2 / (1 + exp(-10 t / 10000)) - 1, so
that the features forget it. Loss = the three cross entropies + the adversary's.

What is not here: macro-expressions (CK+), from which the published adversary tells
micro-expressions apart - ours tells the data sets of the composite apart, and is left out where
there is one only; weights of VGGFace; Eulerian magnification before the flow - the length of the
flow is lost in our maps anyway, as each is stretched to 0..255. The released script keeps the best
epoch of the held-out subject; here the epochs are fixed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional
from torchvision.models import resnet18

from training.models.base import Samples
from training.models.flow_net import FlowNet, Optimiser, scaled
from training.models.method import Method
from training.models.network import NetworkModel

_SIDE, _WIDTH, _SOURCES = 40, 64, 16
_HALVED_EVERY_TEN = 0.5 ** (1 / 10)


class TurnRound(Function):
    """The same forward, the gradient times minus a factor backward."""

    @staticmethod
    def forward(ctx, x: Tensor, factor: float) -> Tensor:  # type: ignore[no-untyped-def]
        """As it is."""
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def]
        """Turned round."""
        return -ctx.factor * gradient, None


class EmrNet(FlowNet):
    """uint8 [N, 28, 28, 4] (map, source) -> logits [N, classes]; training reads the source."""

    least_batch = 2  # batch normalisation
    steps: Tensor

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        whole = resnet18(weights=None)
        self.body = nn.Sequential(*list(whole.children())[:-2])  # [N, 512, 2, 2]
        self.top, self.bottom = _part(), _part()
        self.top_head, self.bottom_head = nn.Linear(_WIDTH, classes), nn.Linear(_WIDTH, classes)
        self.head = nn.Linear(2 * _WIDTH, classes)
        self.adversary = nn.Sequential(
            *(nn.Linear(2 * _WIDTH, 64), nn.ReLU(), nn.Dropout()),
            *(nn.Linear(64, 32), nn.ReLU(), nn.Dropout()),
            nn.Linear(32, _SOURCES),
        )
        self.register_buffer("steps", torch.zeros(()))

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 128]: upper and lower part."""
        large = functional.interpolate(scaled(maps[..., :3]), (_SIDE, _SIDE), mode="bilinear")
        cells = self.body(large)
        upper = cells.shape[2] // 2
        top = self.top(cells[:, :, :upper].mean(dim=(2, 3)))
        bottom = self.bottom(cells[:, :, upper:].mean(dim=(2, 3)))
        return torch.cat([top, bottom], dim=1)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        logits: Tensor = self.head(self.embed(maps))
        return logits

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Both parts, each part, and the adversary where there are several sources."""
        features = self.embed(inputs)
        top, bottom = features.split(_WIDTH, dim=1)
        loss = functional.cross_entropy(self.head(features), labels)
        loss = loss + functional.cross_entropy(self.top_head(top), labels)
        loss = loss + functional.cross_entropy(self.bottom_head(bottom), labels)
        sources = inputs[:, 0, 0, 3].long()
        if bool((sources == sources[0]).all()):
            return loss
        self.steps += 1
        factor = 2 / (1 + float((-10 * self.steps / 10_000).exp())) - 1
        turned: Tensor = TurnRound.apply(features, factor)
        return loss + functional.cross_entropy(self.adversary(turned), sources)


def _part() -> nn.Sequential:
    """[N, 512] -> [N, 64]."""
    return nn.Sequential(nn.Linear(512, _WIDTH), nn.Tanh(), nn.Dropout(0.1))


@dataclass(frozen=True, slots=True)
class EmrModel(NetworkModel):
    """Tells the network which data set a clip is of."""

    def represent(self, samples: Samples) -> Samples:
        """Maps with a fourth plane, the number of the clip's data set; only training reads it."""
        names = sorted({group.partition("/")[0] for group in samples.groups})
        number = [names.index(group.partition("/")[0]) % _SOURCES for group in samples.groups]
        plane = np.empty((*samples.maps.shape[:3], 1), dtype=np.uint8)
        plane[:] = np.array(number, dtype=np.uint8)[:, None, None, None]
        return replace(samples, represented=np.concatenate([samples.maps, plane], axis=3))


def make_emrnet() -> EmrModel:
    """11 million weights per fold."""
    return EmrModel(
        name="emrnet",
        build=EmrNet,
        optimiser=Optimiser(
            epochs=100, batch=32, learning_rate=1e-4, weight_decay=1e-6, decay=_HALVED_EVERY_TEN
        ),
        about=f"ResNet-18 at {_SIDE} px, two parts of 64, adversary over data sets; scale 32",
        stacks=False,
    )


METHOD = Method(
    title="EMRNet",
    year=2019,
    reads="maps",
    source="Liu et al., FG 2019; code of the authors",
    status="official code followed",
    make=make_emrnet,
    open="no macro-expressions (the adversary tells data sets apart), no magnification, no "
    "VGGFace weights and hence one rate of 1e-4 (published: 1e-5, heads 1e-3); 64 px "
    "instead of 224",
)
