"""SSSN (Khor, See, Liong, Phan and Lin, ICIP 2019): an AlexNet cut off after its second block.

Convolution 11x11 with stride 4 to 96 maps, max-pooling 3/2, response normalisation, convolution 5x5
in two groups to 256 maps, max-pooling 3/2, response normalisation, a border of zeros, dropout 0.5,
the classes. One stream, here the optical strain. At 227 px and with 5 classes these are 630,405
weights, the paper's 0.63 million: 34,944 + 307,456 + 15 * 15 * 256 * 5 + 5. A map of 28 px has no
detail for 227 px, and its convolutions cost fourteen times the multiplications of 67 px, our side.

The published network starts from an AlexNet trained on ImageNet; here it starts from chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from torch import Tensor, nn
from torch.nn import functional

from streamer.core.ranges import Range, check_ranges
from streamer.core.settings import fill, load_yaml
from training.models.flow_net import FlowNet, Optimiser
from training.models.method import Method
from training.models.network import NetworkModel


@dataclass(frozen=True, slots=True)
class ShallowSettings:
    """The side to which a map is enlarged: 227 as published."""

    side_px: Annotated[int, Range(35, 1024)] = 67

    def __post_init__(self) -> None:
        check_ranges(self)


def truncated_alexnet() -> nn.Sequential:
    """[N, 3, 227, 227] -> [N, 96, 55, 55] -> 27 -> [N, 256, 27, 27] -> 13 -> [N, 256, 15, 15]."""
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, stride=4),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.LocalResponseNorm(5, alpha=5e-4, k=2.0),
        nn.Conv2d(96, 256, 5, padding=2, groups=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.LocalResponseNorm(5, alpha=5e-4, k=2.0),
        nn.ZeroPad2d(1),
    )


def features_at(side: int) -> int:
    """How many numbers `truncated_alexnet` gives at that side."""
    pooled = ((side - 11) // 4 + 1 - 3) // 2 + 1
    return 256 * ((pooled - 3) // 2 + 1 + 2) ** 2


def strain_picture(maps: Tensor, side: int) -> Tensor:
    """uint8 maps [N, S, S, 3] -> the strain thrice [N, 3, side, side]."""
    return _picture(maps[..., 2].float(), side)


def magnitude_picture(maps: Tensor, side: int) -> Tensor:
    """uint8 maps [N, S, S, 3] -> the length of the flow thrice [N, 3, side, side].

    Stretching has moved the zero of u and v; the median of the map stands in for it.
    """
    flow = maps[..., :2].float()
    zero = flow.flatten(1, 2).median(dim=1).values
    return _picture((flow - zero[:, None, None]).norm(dim=-1), side)


def _picture(plane: Tensor, side: int) -> Tensor:
    """[N, S, S] -> [N, 3, side, side], about -1..1."""
    large = functional.interpolate(plane[:, None] / 32 - 1, (side, side), mode="bilinear")
    return large.expand(-1, 3, -1, -1)


class Sssn(FlowNet):
    """uint8 maps [N, 28, 28, 3] -> logits [N, classes]."""

    least_batch = 1

    def __init__(self, classes: int = 3, side: int = 67) -> None:
        super().__init__()
        self.side = side
        self.strain = truncated_alexnet()
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(features_at(side), classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 6400] at 67 px."""
        features: Tensor = self.strain(strain_picture(maps, self.side))
        return features.flatten(1)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        logits: Tensor = self.head(self.dropout(self.embed(maps)))
        return logits


def shallow_model(
    name: str, build: Callable[[int, int], FlowNet], file: Path | None
) -> NetworkModel:
    """SSSN or DSSN under the settings of a YAML file, or the defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    settings = (
        fill(ShallowSettings, load_yaml(file), where=str(file)) if file else ShallowSettings()
    )
    side = settings.side_px
    return NetworkModel(
        name=name,
        build=lambda classes: build(classes, side),
        optimiser=Optimiser(epochs=100, batch=32, learning_rate=1e-4),
        about=f"AlexNet to its second block at {side} px, dropout 0.5; scale 32",
        stacks=False,
    )


def make_sssn(file: Path | None = None) -> NetworkModel:
    """The strain alone."""
    return shallow_model("sssn", Sssn, file)


METHOD = Method(
    title="SSSN",
    year=2019,
    reads="maps",
    source="Khor et al., ICIP 2019; code of the authors",
    status="official code followed",
    make=make_sssn,
    configurable=True,
    open="67 px instead of 227, where 5 classes make 630,405 weights; no ImageNet weights; "
    "Adam at 1e-4, batches of 32, 100 epochs",
    printed_parameters="0.63 M",
)
