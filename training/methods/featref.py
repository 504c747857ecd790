"""FeatRef (Zhou, Mao, Huang, Zhang and Zhang, Pattern Recognition 2022, arXiv 2101.04838).

An inception network on u and v finds features that all expressions share. For each expression k a
branch weighs them number by number, a_k = sigmoid(W_k s), and makes features of its own of a_k * s;
a proposal loss asks of each branch whether the clip shows its expression. The branches' features,
joined, are classified: loss = cross entropy + mean binary cross entropy of the proposals.

The public text gives this structure. Our choice: the streams of Dual-Inception and a layer of 1024
for the shared features, one layer of 128 per branch, both losses with weight one, the branches
joined by concatenation, Adam at 1e-4, batches of 64, 60 epochs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.methods.dual_inception import InceptionStreams
from training.models.flow_net import FlowNet, Optimiser
from training.models.method import Method
from training.models.network import NetworkModel

_SHARED, _OWN = 1024, 128


class Branch(nn.Module):
    """What one expression makes of the shared features: [N, 1024] -> [N, 128]."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(_SHARED, _SHARED)
        self.refine = nn.Linear(_SHARED, _OWN)

    def forward(self, shared: Tensor) -> Tensor:
        """The expression's own features."""
        refined: Tensor = self.refine(self.attention(shared).sigmoid() * shared)
        return refined.relu()


class FeatRef(FlowNet):
    """uint8 maps [N, 28, 28, 3] -> logits [N, classes]; strain is not looked at."""

    least_batch = 1

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.streams = InceptionStreams()
        self.shared = nn.Linear(6272, _SHARED)
        self.branches = nn.ModuleList([Branch() for _ in range(classes)])
        self.questions = nn.ModuleList([nn.Linear(_OWN, 1) for _ in range(classes)])
        self.head = nn.Linear(classes * _OWN, classes)

    def embed(self, maps: Tensor) -> Tensor:
        """[N, classes * 128]."""
        shared = self.shared(self.streams(maps)).relu()
        return torch.cat([branch(shared) for branch in self.branches], dim=1)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        logits: Tensor = self.head(self.embed(maps))
        return logits

    def proposals(self, features: Tensor) -> Tensor:
        """[N, classes] logits of `embed`: does the clip show the branch's expression?"""
        own = features.split(_OWN, dim=1)
        return torch.cat(
            [question(x) for question, x in zip(self.questions, own, strict=True)], dim=1
        )

    def loss(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Classification and proposals."""
        features = self.embed(inputs)
        proposals = self.proposals(features)
        shown = functional.one_hot(labels, proposals.shape[1]).float()
        asked = functional.binary_cross_entropy_with_logits(proposals, shown)
        return functional.cross_entropy(self.head(features), labels) + asked


def make_featref() -> NetworkModel:
    """10 million weights per fold."""
    return NetworkModel(
        name="featref",
        build=FeatRef,
        optimiser=Optimiser(epochs=60, batch=64, learning_rate=1e-4),
        about="inception 6 and 16, shared 1024, attention and 128 per class, proposals; scale 32",
        stacks=False,
    )


METHOD = Method(
    title="FeatRef",
    year=2022,
    reads="maps",
    source="Zhou et al., Pattern Recognition 2022, arXiv 2101.04838",
    status="reconstruction",
    make=make_featref,
    open="sizes, weights of the losses, rate, batches and epochs; no code of the authors was found",
)
