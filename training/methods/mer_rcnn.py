"""MER-RCNN (Xia et al., IPTA 2018): a recurrent convolutional network on the frames of a clip.

Its name is no region-based detector: recurrent connections inside the convolutional layers (Liang &
Hu, CVPR 2015) let a layer look at its own output again, with the same weights each time:

  y(0) = f(W x),  y(r) = f(W x + R y(r - 1)),  r = 1 .. 3

and temporal jittering makes more clips of one: a share of the frames is taken away at random, the
others are stretched to the old length. Both are stated in published tutorial slides of the field.
From the authors' code of its successor (STRCN, IEEE TMM 2020), which lacks the network: shares of 0
to 55 % in steps of 5, frames of about 64 pixels.

Ours, as the sizes are open: twenty frames at even distances, from which ten are made; their
difference from the onset as ten channels; one 5x5 convolution and three recurrent layers of 32
channels, batch normalisation, max-pooling 2 after each, the mean over all places, dropout .5; the
same share for all clips of a batch; plain cross entropy; no motion magnification.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.methods._sequence import check_clip, even_places, shrink
from training.models.flow_net import FlowNet, Optimiser
from training.models.method import Method
from training.models.network import NetworkModel

KEPT, SEEN, SIZE_PX = 20, 10, 64
_WIDTH, _ROUNDS = 32, 3
_MOST_STEPS, _STEP = 11, 0.05  # shares that are taken away: 0, .05 ... .55
_GREY_LEVELS = 16.0  # a difference of so many becomes one


class MerRcnn(FlowNet):
    """uint8 frames [N, 20, 64, 64], the onset first -> logits [N, classes]."""

    least_batch = 2

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(SEEN, _WIDTH, 5, padding=2, bias=False),
            nn.BatchNorm2d(_WIDTH),
            nn.ReLU(),
            nn.MaxPool2d(2),  # [N, 32, 32, 32]
            *(RecurrentLayer(_WIDTH) for _ in range(3)),  # 16, 8, 4 cells a side
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.head = nn.Sequential(nn.Dropout(), nn.Linear(_WIDTH, classes))

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 32]."""
        frames = maps.float()
        moved = (frames - frames[:, :1]) / _GREY_LEVELS
        return self.layers(stretch_time(jitter(moved) if self.training else moved, SEEN))

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        return self.head(self.embed(maps))


class RecurrentLayer(nn.Module):
    """[N, C, h, w] -> [N, C, h / 2, w / 2]; one set of weights for all rounds."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.forth = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.again = nn.Conv2d(width, width, 3, padding=1, bias=False)
        # each round has its own statistics, as its sums are of other sizes
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(_ROUNDS + 1))

    def forward(self, x: Tensor) -> Tensor:
        given = self.forth(x)
        seen = self.norms[0](given).relu()
        for norm in list(self.norms)[1:]:
            seen = norm(given + self.again(seen)).relu()
        return functional.max_pool2d(seen, 2)


def jitter(frames: Tensor) -> Tensor:
    """[N, T, h, w] without a random share of the frames, 0 to 55 %; their order stays."""
    count = frames.shape[1]
    share = _STEP * int(torch.randint(0, _MOST_STEPS + 1, ()))
    left = count - math.ceil(count * share - 1e-9)
    kept = torch.randperm(count)[:left].sort().values
    return frames[:, kept.to(frames.device)]


def stretch_time(frames: Tensor, count: int) -> Tensor:
    """[N, T, h, w] -> [N, count, h, w], linear between frames; both ends stay."""
    flat = frames.flatten(2).transpose(1, 2)  # [N, h w, T]
    made = functional.interpolate(flat, size=count, mode="linear", align_corners=True)
    return made.transpose(1, 2).unflatten(2, frames.shape[2:])


def even_frames(clip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Twenty frames at even distances, [20, 64, 64], of a clip [T, S, S].

    Raises:
        ValueError: no clip, or fewer than two frames.
    """
    check_clip(clip, 2)
    return shrink(clip[even_places(len(clip), KEPT)], SIZE_PX)


def make_mer_rcnn() -> NetworkModel:
    """Recurrent convolutions on jittered frames."""
    return NetworkModel(
        name="mer-rcnn",
        build=MerRcnn,
        optimiser=Optimiser(epochs=60, batch=32, learning_rate=1e-3),
        about="10 differences at 64 px as channels; 5x5 convolution, 3 recurrent layers of 32, 3 "
        "rounds; jittered by up to 55 % of 20 frames",
        stacks=False,
        represent_one=even_frames,
    )


METHOD = Method(
    title="MER-RCNN",
    year=2018,
    reads="clips",
    source="Xia et al., IPTA 2018; jittering as in xiazhaoqiang/STRCN-MicroExpressionRec",
    status="reconstruction",
    make=make_mer_rcnn,
    open="all sizes, how frames enter (differences as channels), optimiser; no magnification",
)
