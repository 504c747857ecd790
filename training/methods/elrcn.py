"""ELRCN: enriched long-term recurrent convolutional network (Khor et al., FG 2018, 1805.08417).

Every frame goes through VGG-16 to its second fully connected layer, the row of features through two
LSTM layers, then through a dense layer of 128. The spatially enriched variant, which is this one,
stacks flow and strain as channels: u, v and strain against the onset (there: the flow's three
colour planes and the strain), beside the grey frame. TIM brings the clip to 10 frames; the onset
itself has no flow, which leaves 9 steps, as in the authors' released code.

As there: 13 convolutions in five blocks, LSTM of 2622 and 1000 units, dropout .5, Adam. Ours, for
two CPU cores: 64 pixels for 224 and one eighth of all widths (8 to 64 channels, 512, LSTM 328 and
125); random weights at the start in place of VGG-Face's; trained end to end (there: VGG on single
frames first), at 1e-4 for 1e-5.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.clips.frames import as_grey
from training.clips.tim import interpolate
from training.methods._sequence import check_clip, flow_sequence, shrink
from training.models.flow_net import FlowNet, Optimiser
from training.models.method import Method
from training.models.network import NetworkModel

STEPS, SIZE_PX = 9, 64
_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions
_FULL, _LSTM, _DENSE = 4096, (2622, 1000), 128
_FLOW_IOD = 0.01  # motion of this size becomes one


class Elrcn(FlowNet):
    """float16 [N, 9, 64, 64, 4] (u, v, strain in IOD; grey 0..1) -> logits [N, classes].

    `shrunk`: widths are divided by it; 1 is VGG-16.
    """

    def __init__(self, classes: int = 3, shrunk: int = 8) -> None:
        super().__init__()
        full, first, second = (-(-width // shrunk) for width in (_FULL, *_LSTM))
        self.frames = _vgg(shrunk)  # [N * 9, 4, 64, 64] -> [N * 9, 512 / shrunk, 2, 2]
        self.full = nn.Sequential(
            nn.Linear(_BLOCKS[-1][0] // shrunk * 4, full),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(full, full),
            nn.ReLU(),
        )
        self.first = nn.LSTM(full, first, batch_first=True)
        self.second = nn.LSTM(first, second, batch_first=True)
        self.dense = nn.Linear(second, _DENSE)
        self.head = nn.Linear(_DENSE, classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 128]."""
        clips, steps = maps.shape[:2]
        x = maps.flatten(0, 1).permute(0, 3, 1, 2).float()
        x = torch.cat([x[:, :3] / _FLOW_IOD, 2.0 * x[:, 3:] - 1.0], dim=1)
        features = self.full(self.frames(x).flatten(1)).unflatten(0, (clips, steps))
        states, _ = self.second(self.first(features)[0])
        return self.dense(states[:, -1]).relu()

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        return self.head(self.embed(maps))


def enriched_frames(clip: NDArray[np.uint8]) -> NDArray[np.float16]:
    """[9, 64, 64, 4] of a clip [T, S, S].

    Raises:
        ValueError: no clip, or fewer than two frames.
    """
    check_clip(clip, 2)
    frames = as_grey(interpolate(clip, STEPS + 1))
    flows = flow_sequence(frames, np.arange(1, STEPS + 1), SIZE_PX)
    grey = shrink(frames[1:], SIZE_PX)[..., None] / np.float16(255)
    return np.concatenate([flows, grey], axis=-1).astype(np.float16)


def _vgg(shrunk: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    inputs = 4
    for channels, count in _BLOCKS:
        for _ in range(count):
            conv = nn.Conv2d(inputs, channels // shrunk, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            layers += [conv, nn.ReLU()]
            inputs = channels // shrunk
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def make_elrcn() -> NetworkModel:
    """The spatially enriched variant."""
    return NetworkModel(
        name="elrcn",
        build=Elrcn,
        optimiser=Optimiser(epochs=60, batch=16, learning_rate=1e-4),
        about="TIM 10, 9 steps of u, v, strain, grey at 64 px; VGG-16 over 8, LSTM 328, 125, "
        "dense 128",
        stacks=False,
        represent_one=enriched_frames,
    )


METHOD = Method(
    title="ELRCN, spatially enriched",
    year=2018,
    reads="clips",
    source="Khor et al., FG 2018, arXiv 1805.08417; code IcedDoggie/Micro-Expression-with-Deep-"
    "Learning",
    status="official code followed",
    make=make_elrcn,
    open="an eighth of the widths, 64 px for 224, no VGG-Face weights; end to end at 1e-4; 60 "
    "epochs; DIS for TV-L1",
    printed_parameters="219 M",
)
