"""SqueezeNet 1.0 (Iandola et al., 2016) of torchvision on flow maps of 64 px, from chance.

Its last layer is a convolution of 512 maps to the classes, averaged over the cells; averaging first
is the same up to the ReLU behind that convolution, which is left out: it would keep logits from
becoming negative. A row of the tables of STSTNet and of FRL-DGT.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import squeezenet1_0

from training.methods._picture_net import PictureNet, picture_model
from training.models.method import Method
from training.models.network import NetworkModel

_SIDE = 64


def build(classes: int = 3) -> PictureNet:
    """64 -> 29 -> 14 -> 7 -> 3x3 cells of 512 maps, dropout, averaged."""
    body = nn.Sequential(
        squeezenet1_0(weights=None).features, nn.Dropout(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    return PictureNet(body, 512, classes, _SIDE)


def make_squeezenet() -> NetworkModel:
    """0.7 million weights per fold."""
    return picture_model("squeezenet", build, f"torchvision 1.0 at {_SIDE} px")


METHOD = Method(
    title="SqueezeNet",
    year=2016,
    reads="maps",
    source="Iandola et al., arXiv 1602.07360; torchvision",
    status="reconstruction",
    make=make_squeezenet,
    open="from chance, 64 px, Adam at 1e-4, batches of 32, 30 epochs; of the printed weights "
    "0.51 million are those of the 1000 classes of ImageNet; no ReLU behind the last "
    "layer",
    printed_parameters="1.24 M",
)
