"""VGG-16 (Simonyan and Zisserman, ICLR 2015) of torchvision on flow maps of 32 px, from chance.

A row of the tables of STSTNet and of FRL-DGT; how it was trained there is not told.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import vgg16

from training.methods._picture_net import PictureNet, picture_model
from training.models.method import Method
from training.models.network import NetworkModel

_SIDE = 32


def build(classes: int = 3) -> PictureNet:
    """32 -> 16, 8, 4, 2, one cell of 512 maps; fully connected 4096, 4096."""
    body = nn.Sequential(
        vgg16(weights=None).features,
        nn.Flatten(),
        nn.Linear(512, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(),
    )
    return PictureNet(body, 4096, classes, _SIDE)


def make_vgg16() -> NetworkModel:
    """34 million weights per fold."""
    return picture_model("vgg16", build, f"torchvision at {_SIDE} px, one cell")


METHOD = Method(
    title="VGG-16",
    year=2015,
    reads="maps",
    source="Simonyan and Zisserman, ICLR 2015; torchvision",
    status="reconstruction",
    make=make_vgg16,
    open="from chance, Adam at 1e-4, batches of 32, 30 epochs; 32 px, where the first fully "
    "connected layer sees one cell instead of 49 (34 instead of 138 million weights)",
    printed_parameters="138 M",
)
