"""DSSN (Khor, See, Liong, Phan and Lin, ICIP 2019): two truncated AlexNets, multiplied.

One stream sees the magnitude of the flow, one the strain, each as in SSSN; their last maps are
multiplied number by number, then dropout 0.5 and the classes. At 227 px and with 5 classes
2 * 342,400 + 288,005 = 972,805 weights, the paper's 0.97 million; our side is 67 px.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from training.methods.sssn import (
    features_at,
    magnitude_picture,
    shallow_model,
    strain_picture,
    truncated_alexnet,
)
from training.models.flow_net import FlowNet
from training.models.method import Method
from training.models.network import NetworkModel


class Dssn(FlowNet):
    """uint8 maps [N, 28, 28, 3] -> logits [N, classes]."""

    least_batch = 1

    def __init__(self, classes: int = 3, side: int = 67) -> None:
        super().__init__()
        self.side = side
        self.magnitude, self.strain = truncated_alexnet(), truncated_alexnet()
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(features_at(side), classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 6400] at 67 px."""
        magnitude: Tensor = self.magnitude(magnitude_picture(maps, self.side))
        strain: Tensor = self.strain(strain_picture(maps, self.side))
        return (magnitude * strain).flatten(1)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        logits: Tensor = self.head(self.dropout(self.embed(maps)))
        return logits


def make_dssn(file: Path | None = None) -> NetworkModel:
    """Magnitude and strain."""
    return shallow_model("dssn", Dssn, file)


METHOD = Method(
    title="DSSN",
    year=2019,
    reads="maps",
    source="Khor et al., ICIP 2019; code of the authors",
    status="official code followed",
    make=make_dssn,
    configurable=True,
    open="67 px instead of 227, where 5 classes make 972,805 weights; no ImageNet weights; the"
    " zero of the stretched flow is its median; Adam at 1e-4, batches of 32, 100 epochs",
    printed_parameters="0.97 M",
)
