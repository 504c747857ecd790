"""GEME (Nie et al., Neurocomputing 2021): micro-expressions from the dynamic image of a clip.

The clip becomes one picture, its dynamic image: the weighted sum of its frames by approximate rank
pooling (Bilen et al., CVPR 2016), weights 2 t - T - 1 for the frames t = 1 .. T, high where the
face turns brighter from onset to offset. GEME reads it in two streams that are trained together:
one tells the gender, the other, which is given the first one's features, the emotion.

Left out: the gender stream. The data sets that can be had here do not label it, and nothing is
guessed from a face. What remains is the emotion stream: a residual network with the focal loss,
against the imbalance of the classes. Open in the public text, and ours: the image of the frames
from the onset to the apex, which is the frame that differs most from it (over the whole clip, the
way back cancels the way there); 64 pixels, ResNet with one block per stage (timm), random start,
focal exponent 2 without class weights, the optimiser.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from timm.models.resnet import BasicBlock, ResNet
from torch import Tensor, nn
from torch.nn import functional

from training.methods._sequence import check_clip, find_apex, shrink
from training.models.flow_net import FlowNet, Optimiser
from training.models.method import Method
from training.models.network import NetworkModel

SIZE_PX = 64
_FOCUS = 2.0
_MIDDLE = 128.0
_QUIET = 1.0  # grey levels; a dynamic image of less variation is not stretched


class Geme(FlowNet):
    """uint8 dynamic images [N, 64, 64] -> logits [N, classes]; the emotion stream."""

    least_batch = 2

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        # the annotation of timm names an instance where a class is meant
        self.net = ResNet(BasicBlock, (1, 1, 1, 1), in_chans=1, num_classes=0)  # type: ignore[arg-type]
        self.head = nn.Linear(512, classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 512]."""
        return self.net((maps[:, None].float() - _MIDDLE) / 64.0)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        return self.head(self.embed(maps))

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Focal loss (Lin et al., ICCV 2017)."""
        return focal_loss(self(inputs), labels)


def focal_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean of (1 - p)^2 (-log p) over the batch, p the share of the true class."""
    entropy = functional.cross_entropy(logits, labels, reduction="none")
    return ((1.0 - (-entropy).exp()) ** _FOCUS * entropy).sum() / max(len(labels), 1)


def dynamic_image(clip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [64, 64] of a clip [T, S, S]: 128 where nothing changes, +-127 at the strongest change.

    Of its frames from the onset to the apex. A clip that stands still gives 128 everywhere.

    Raises:
        ValueError: no clip, or fewer than two frames.
    """
    check_clip(clip, 2)
    frames = shrink(clip[: find_apex(clip) + 1], SIZE_PX).astype(np.float64)
    count = len(frames)
    weights = 2.0 * np.arange(1, count + 1) - count - 1.0
    pooled = np.tensordot(weights, frames, axes=1) / np.abs(weights).sum()
    strongest = max(float(np.abs(pooled).max()), _QUIET)
    return np.asarray(np.rint(_MIDDLE + 127.0 * pooled / strongest), dtype=np.uint8)


def make_geme() -> NetworkModel:
    """The emotion stream."""
    return NetworkModel(
        name="geme",
        build=Geme,
        optimiser=Optimiser(epochs=40, batch=32, learning_rate=1e-3),
        about="dynamic image, onset to apex, at 64 px; ResNet with one basic block per stage; "
        "focal loss 2",
        stacks=False,
        represent_one=dynamic_image,
    )


METHOD = Method(
    title="GEME, emotion stream",
    year=2021,
    reads="clips",
    source="Nie et al., Neurocomputing 2021",
    status="reconstruction",
    make=make_geme,
    open="no gender stream, as there are no such labels; image from onset to apex, 64 px, ResNet "
    "of one block per stage, focal loss without class weights, optimiser",
)
