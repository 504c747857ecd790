"""TCAE as a recogniser (Li et al., CVPR 2019; SelfME, CVPR 2023, table 3: "TCAE + FC").

The twin-cycle auto-encoder learns from the fold's own onset-apex pairs, without their labels; then
batch normalisation and one fully connected layer, as in the released code, learn the classes from
its frozen action embeddings. `training/tcae` has the network, its losses and what the released code
has otherwise; its displacement field as the input of ViT and SCViT is `selfme.motion: tcae`.

Open in SelfME, and ours: the head sees the embeddings of the onset and of the apex side by side; as
many epochs for the head as for the auto-encoder. Not here: pre-training on VoxCeleb.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from streamer.core.errors import UsageError
from training.models.base import FitPlan, Fitted, OneByOne, Samples, Settings, Watch
from training.models.flow_net import FlowNet, Optimiser, train_alone
from training.models.method import Method
from training.tcae.net import Tcae
from training.tcae.train import TcaeTraining, learn_tcae

_CHUNK = 128


class ActionHead(FlowNet):
    """Action embeddings of onset and apex, float [N, 2 E] -> logits [N, classes]."""

    least_batch = 2

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.linear = nn.Linear(inputs, classes, bias=False)

    def forward(self, embeddings: Tensor) -> Tensor:
        """[N, classes]."""
        return self.linear(self.norm(embeddings))

    def embed(self, maps: Tensor) -> Tensor:
        """As they are."""
        return maps


@dataclass(frozen=True, slots=True)
class FittedTcae:
    """The auto-encoder of one fold and its head."""

    tcae: Tcae
    head: nn.Module
    device: str

    def probabilities(self, pairs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes] of pairs uint8 [N, 2, S, S, 3]."""
        self.head.eval()
        with torch.no_grad():
            seen = torch.from_numpy(self.features(pairs)).to(self.device)
            return self.head(seen).softmax(dim=-1).cpu().numpy()

    def features(self, pairs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Action embeddings of onset and apex [N, 2 E]."""
        return action_embeddings(self.tcae, pairs)


@dataclass(frozen=True, slots=True)
class TcaeModel(OneByOne):
    """Auto-encoder, then head; the plan's epochs count for each."""

    training: TcaeTraining = field(default_factory=TcaeTraining)
    optimiser: Optimiser = field(default_factory=lambda: Optimiser(40, 32, 1e-3))
    name: str = "tcae"
    seeded: bool = True
    stacks: bool = False

    @property
    def default_epochs(self) -> int:
        """Of the auto-encoder, and again of the head."""
        return self.optimiser.epochs

    def build(self, classes: int) -> nn.Module:
        """Everything that is trained."""
        tcae = Tcae(self.training.network)
        return nn.ModuleList([tcae, ActionHead(2 * self.training.network.embedding, classes)])

    def settings(self) -> Settings:
        """Both trainings."""
        return {"auto-encoder": asdict(self.training), "head": asdict(self.optimiser)}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """One fold, from nothing.

        Raises:
            UsageError: the samples carry no faces.
        """
        if train.pairs is None:
            raise UsageError(
                "tcae looks at faces, not at flow maps: give a cache of mer-train prepare as --root"
            )
        training = replace(self.training, epochs=plan.epochs)
        tcae, _ = learn_tcae(train.pairs, training, plan.seed, plan.device)
        seen = replace(train, clips=None, represented=action_embeddings(tcae, train.pairs))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            head = ActionHead(2 * training.network.embedding, plan.classes)
            train_alone(head, seen, plan, self.optimiser, _with(tcae, plan.device, watch))
        return FittedTcae(tcae, head, plan.device)


def action_embeddings(tcae: Tcae, pairs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[N, 2 E] of pairs [N, 2, S, S, 3]: the onset's, then the apex's."""
    device = next(tcae.parameters()).device
    made = []
    with torch.no_grad():
        for start in range(0, len(pairs), _CHUNK):
            part = torch.from_numpy(pairs[start : start + _CHUNK]).to(device)
            made.append(torch.cat([tcae.actions(part[:, 0]), tcae.actions(part[:, 1])], dim=1))
    return torch.cat(made).cpu().numpy()


def _with(tcae: Tcae, device: str, watch: Watch | None) -> Watch | None:
    """The watch is told of the whole model, not of the head alone."""
    if watch is None:
        return None
    report: Callable[[int, int, Fitted], None] = watch

    def tell(epoch: int, position: int, fitted: Fitted) -> None:
        report(epoch, position, FittedTcae(tcae, fitted.net, device))  # type: ignore[attr-defined]

    return tell


METHOD = Method(
    title="TCAE + FC",
    year=2019,
    reads="pairs",
    source="Li et al., CVPR 2019; code mysee1989/TCAE; as a recogniser: SelfME, CVPR 2023",
    status="official code followed",
    make=TcaeModel,
    open="64 pixels, width 8, embedding 64 (released: 256, 32, 256); learnt from the fold's own "
    "pairs instead of VoxCeleb; the head sees the embeddings of onset and apex",
)
