"""ResNet-18 (He et al., CVPR 2016) of torchvision on flow maps of 32 px, from chance."""

from __future__ import annotations

from torch import nn
from torchvision.models import resnet18

from training.methods._picture_net import PictureNet, picture_model
from training.models.method import Method
from training.models.network import NetworkModel

_SIDE = 32


def build(classes: int = 3) -> PictureNet:
    """32 -> 16 -> 8 -> 8, 4, 2, 1 cells; 512 numbers."""
    body = resnet18(weights=None)
    body.fc = nn.Identity()
    return PictureNet(body, 512, classes, _SIDE)


def make_resnet18() -> NetworkModel:
    """11.2 million weights per fold."""
    return picture_model("resnet18", build, f"torchvision at {_SIDE} px")


METHOD = Method(
    title="ResNet-18",
    year=2016,
    reads="maps",
    source="He et al., CVPR 2016; torchvision",
    status="reconstruction",
    make=make_resnet18,
    open="from chance, 32 px, Adam at 1e-4, batches of 32, 30 epochs",
)
