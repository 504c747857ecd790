"""MERSiamC3D (Zhao et al., Neurocomputing 2021): a 3-D CNN that is trained in two stages.

Of the clip, key frames are taken; their optical flow against the onset makes a sequence. In the
first stage the network learns in a siamese way which clips show the same class; the second stage
trains it on, with a classifier on top.

The public text leaves the sizes open, and no code was found, so these are ours: seven key frames,
at even distances from the onset to the apex and from there to the offset, the apex being the frame
that differs most from the onset; u, v and strain at 32 cells; three 3x3x3 convolutions of 16, 32
and 64 channels with batch normalisation and max-pooling, an embedding of 128; the contrastive loss
of Hadsell et al. (CVPR 2006) over all pairs of a batch, margin 1, on embeddings of length one;
cross entropy in the second stage; the same number of epochs in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.methods._sequence import check_clip, even_places, find_apex, flow_sequence
from training.models.base import FitPlan, Fitted, Samples, Watch
from training.models.flow_net import FlowNet, Optimiser, train_alone
from training.models.method import Method
from training.models.network import NetworkModel

KEYS, CELLS = 7, 32
_MARGIN = 1.0
_FLOW_IOD = 0.01  # motion of this size becomes one


class FlowEncoder(nn.Module):
    """float16 [N, 7, 32, 32, 3] in IOD -> [N, 128]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_block(3, 16, (1, 2, 2)),  # [N, 16, 7, 16, 16]
            *_block(16, 32, (2, 2, 2)),  # [N, 32, 3, 8, 8]
            *_block(32, 64, (3, 2, 2)),  # [N, 64, 1, 4, 4]
            nn.Flatten(),
            nn.Linear(64 * 16, 128),
            nn.ReLU(),
        )

    def forward(self, flows: Tensor) -> Tensor:
        return self.layers(flows.permute(0, 4, 1, 2, 3).float() / _FLOW_IOD)


class SiameseStage(FlowNet):
    """The first stage: the encoder alone, its loss over pairs."""

    least_batch = 2

    def __init__(self, encoder: FlowEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, maps: Tensor) -> Tensor:
        """Embeddings of length one [N, 128]."""
        return functional.normalize(self.encoder(maps), dim=1)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 128]."""
        return self.encoder(maps)

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Contrastive: see `contrastive_loss`."""
        return contrastive_loss(self(inputs), labels)


class MerSiamC3D(FlowNet):
    """The second stage: float16 [N, 7, 32, 32, 3] -> logits [N, classes]."""

    least_batch = 2

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.encoder = FlowEncoder()
        self.head = nn.Sequential(nn.Dropout(), nn.Linear(128, classes))

    def embed(self, maps: Tensor) -> Tensor:
        """[N, 128]."""
        return self.encoder(maps)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        return self.head(self.embed(maps))


@dataclass(frozen=True, slots=True)
class TwoStages(NetworkModel):
    """As `NetworkModel`, but for the siamese stage before it; both last the plan's epochs."""

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """One fold: the siamese stage, then the classifier."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            net = MerSiamC3D(plan.classes)
            train_alone(SiameseStage(net.encoder), train, plan, self.optimiser)
            return train_alone(net, train, plan, self.optimiser, watch)


def contrastive_loss(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Mean over the pairs of a batch: d^2 for one class, max(0, margin - d)^2 for two."""
    one, other = torch.triu_indices(len(labels), len(labels), 1, device=labels.device)
    square = (embeddings[one] - embeddings[other]).square().sum(dim=1)
    apart = (_MARGIN - (square + 1e-12).sqrt()).clamp(min=0.0).square()
    each = torch.where(labels[one] == labels[other], square, apart)
    return each.sum() / max(len(each), 1)


def key_flows(clip: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Flow from the onset to seven key frames, [7, 32, 32, 3], of a clip [T, S, S].

    Raises:
        ValueError: no clip, or fewer than two frames.
    """
    check_clip(clip, 2)
    apex, before = find_apex(clip), KEYS // 2 + 1
    rise = even_places(apex + 1, before + 1)[1:]
    fall = apex + even_places(len(clip) - apex, KEYS - before + 1)[1:]
    return flow_sequence(clip, np.concatenate([rise, fall]), CELLS)


def _block(inputs: int, outputs: int, pool: tuple[int, int, int]) -> list[nn.Module]:
    return [
        nn.Conv3d(inputs, outputs, 3, padding=1),
        nn.BatchNorm3d(outputs),
        nn.ReLU(),
        nn.MaxPool3d(pool),
    ]


def make_mersiamc3d() -> NetworkModel:
    """Siamese stage and classifier."""
    return TwoStages(
        name="mersiamc3d",
        build=MerSiamC3D,
        optimiser=Optimiser(epochs=40, batch=32, learning_rate=1e-3),
        about="7 key frames of u, v, strain at 32 cells; 3-D convolutions 16, 32, 64, embedding "
        "128; contrastive stage with margin 1, then cross entropy",
        stacks=False,
        represent_one=key_flows,
    )


METHOD = Method(
    title="MERSiamC3D",
    year=2021,
    reads="clips",
    source="Zhao et al., Neurocomputing 2021",
    status="reconstruction",
    make=make_mersiamc3d,
    open="all sizes, the key frames, both losses and the optimiser",
)
