"""GoogLeNet (Szegedy et al., CVPR 2015) of torchvision on flow maps of 32 px, from chance.

Without its two auxiliary heads. A row of the tables of STSTNet and of FRL-DGT.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import googlenet

from training.methods._picture_net import PictureNet, picture_model
from training.models.method import Method
from training.models.network import NetworkModel

_SIDE = 32


def build(classes: int = 3) -> PictureNet:
    """32 -> 16 -> 8 -> 4 -> 2 -> one cell of 1024 maps, dropout."""
    body = googlenet(weights=None, aux_logits=False, init_weights=False)
    body.fc = nn.Identity()
    return PictureNet(body, 1024, classes, _SIDE)


def make_googlenet() -> NetworkModel:
    """5.6 million weights per fold."""
    return picture_model("googlenet", build, f"torchvision at {_SIDE} px, no auxiliary heads")


METHOD = Method(
    title="GoogLeNet",
    year=2015,
    reads="maps",
    source="Szegedy et al., CVPR 2015; torchvision",
    status="reconstruction",
    make=make_googlenet,
    open="from chance, 32 px, Adam at 1e-4, batches of 32, 30 epochs; batch normalisation, as "
    "torchvision has it; of the printed weights 1.0 million are those of the 1000 classes",
    printed_parameters="7 M",
)
