"""AlexNet (Krizhevsky 2014, as torchvision has it) on flow maps of 64 px, from chance.

A row of the tables of STSTNet and of FRL-DGT; how it was trained there is not told.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import alexnet

from training.methods._picture_net import PictureNet, picture_model
from training.models.method import Method
from training.models.network import NetworkModel

_SIDE = 64


def build(classes: int = 3) -> PictureNet:
    """64 -> 15 -> 7 -> 3 -> one cell of 256 maps; fully connected 4096, 4096."""
    body = nn.Sequential(
        alexnet(weights=None).features,
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(256, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
    )
    return PictureNet(body, 4096, classes, _SIDE)


def make_alexnet() -> NetworkModel:
    """20 million weights per fold."""
    return picture_model("alexnet", build, f"torchvision at {_SIDE} px, one cell")


METHOD = Method(
    title="AlexNet",
    year=2012,
    reads="maps",
    source="Krizhevsky et al., NIPS 2012; torchvision",
    status="reconstruction",
    make=make_alexnet,
    open="from chance, Adam at 1e-4, batches of 32, 30 epochs; 64 px, where the first fully "
    "connected layer sees one cell instead of 36 (20 instead of 61 million weights)",
    printed_parameters="61 M",
)
