"""SCViT (SelfME, CVPR 2023, section 3.3), started from synthetic motion, fine-tuned per fold.

The bundled weights were trained on synthetic motion alone: no held-out subject can be in them. A
fold fine-tunes them on its own clips, mirrored and moved by up to two cells, under cross entropy
(classes weighted by their rarity in the fold) and the symmetric contrastive loss (eq. 14, omega and
tau of the paper). The paper's Adam rate of 1e-4 is for a ViT-S/16 on ImageNet weights; ours is a
small network, and rate, epochs and weighting are our choice.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

from recognition.classifiers.ensemble import ViewEnsemble, mirror
from recognition.classifiers.scvit import SCViT, SCViTConfig, region_embeddings
from recognition.files.model_file import BUNDLED
from streamer.core.errors import ModelError
from streamer.core.ranges import BatchSize, Epochs, LearningRate, Range, check_ranges
from training.common.files import sha256_of
from training.common.losses import class_weights, symmetric_contrastive_loss
from training.models.base import (
    FitPlan,
    Fitted,
    OneByOne,
    Samples,
    Settings,
    Watch,
    epoch_batches,
    own_rows,
)
from training.models.method import Method

WEIGHTS = BUNDLED.with_suffix(".safetensors")
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How a fold continues from the synthetic weights."""

    epochs: Epochs = 20
    batch: BatchSize = 32
    learning_rate: LearningRate = 3e-4
    weight_decay: Annotated[float, Range(0.0, 10.0)] = 0.05
    label_smoothing: Annotated[float, Range(0.0, 0.99)] = 0.1
    omega: Annotated[float, Range(0.0, 100.0)] = 0.11
    tau: Annotated[float, Range(1e-4, 100.0)] = 0.07
    shift: Annotated[int, Range(0, 64)] = 2  # cells, each way
    balance: Annotated[float, Range(0.0, 10.0)] = 0.5  # class weight = (1 / share) ** balance

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class FittedScvit:
    """Mean log-probability over the views of the streaming model."""

    net: SCViT
    device: str

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes]."""
        views = ViewEnsemble([self.net]).to(self.device).eval()
        with torch.no_grad():
            return torch.cat([views(p).softmax(dim=-1).cpu() for p in self._parts(maps)]).numpy()

    def features(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The normalised class token [N, D]."""
        net, kept = self.net.eval(), []
        hook = net.norm.register_forward_hook(
            lambda _module, _input, output: kept.append(output[:, 0])
        )
        with torch.no_grad():
            for part in self._parts(maps):
                net(part)
        hook.remove()
        return torch.cat(kept).cpu().numpy()

    def _parts(self, maps: NDArray[np.uint8]) -> tuple[Tensor, ...]:
        return torch.from_numpy(maps).to(self.device).split(_CHUNK)


@dataclass(frozen=True, slots=True)
class ScvitModel(OneByOne):
    """Fold by fold: the network is too large to gain from stacking on a CPU."""

    tuning: FineTuning = FineTuning()
    name: str = "scvit"
    seeded: bool = True
    stacks: bool = False

    @property
    def default_epochs(self) -> int:
        """Fixed, the same for every fold."""
        return self.tuning.epochs

    def build(self, classes: int) -> SCViT:
        """The network that a fold starts from."""
        return load_pretrained(0, classes)

    def settings(self) -> Settings:
        """Fine-tuning and the weights it starts from."""
        return {**asdict(self.tuning), "start": dict(sha256_of([WEIGHTS]))}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Fine-tune on the fold's clips."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            net = load_pretrained(plan.seed, plan.classes).to(plan.device)
            fine_tune(net, train, plan, self.tuning, watch)
        return FittedScvit(net.eval(), plan.device)


def load_pretrained(member: int, classes: int) -> SCViT:
    """One member of the bundled ensemble (by turns); other classes get a fresh last layer.

    Raises:
        ModelError: the file is missing or not one that mer-train exported.
    """
    if not WEIGHTS.is_file():
        raise ModelError(f"{WEIGHTS} is missing: reinstall mer-stream")
    with safe_open(str(WEIGHTS), framework="pt") as file:
        facts = file.metadata() or {}
        if "network" not in facts:
            raise ModelError(f"{WEIGHTS} does not describe its network: reinstall mer-stream")
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    config = SCViTConfig(**json.loads(facts["network"]))
    count = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("members."))
    prefix = f"members.{member % count}."
    own = {name[len(prefix) :]: v for name, v in state.items() if name.startswith(prefix)}
    net = SCViT(config)
    net.load_state_dict(own)
    if classes != config.classes:
        net.head[-1] = torch.nn.Linear(config.width, classes)
        net.config = replace(config, classes=classes)
    return net


def fine_tune(
    net: SCViT, train: Samples, plan: FitPlan, tuning: FineTuning, watch: Watch | None
) -> None:
    """AdamW with a cosine down to zero."""
    maps = torch.from_numpy(train.maps).to(plan.device)
    labels = torch.from_numpy(train.labels).to(plan.device)
    weight = class_weights(labels, plan.classes, tuning.balance)
    adam = torch.optim.AdamW(
        net.parameters(), tuning.learning_rate, weight_decay=tuning.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda epoch: 0.5 * (1.0 + math.cos(math.pi * epoch / plan.epochs))
    )
    place = own_rows(plan, train.ids)
    for epoch, batches in enumerate(epoch_batches(plan, tuning.batch), start=1):
        net.train()
        for batch in batches:
            rows = torch.from_numpy(place[batch][place[batch] >= 0]).to(plan.device)
            if len(rows) == 0:
                continue
            loss = _loss(net, vary(maps[rows], tuning.shift), labels[rows], weight, tuning)
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
        schedule.step()
        if watch:
            watch(epoch, 0, FittedScvit(net, plan.device))


def vary(maps: Tensor, shift: int) -> Tensor:
    """Every map is mirrored with probability one half and moved by up to `shift` cells.

    Cells that come into view repeat the border.
    """
    n, size = maps.shape[0], maps.shape[1]
    flip = torch.rand(n) < 0.5
    maps = torch.where(flip[:, None, None, None].to(maps.device), mirror(maps), maps)
    moves = torch.randint(-shift, shift + 1, (2, n, 1))
    rows, columns = ((torch.arange(size)[None] + move).clamp(0, size - 1) for move in moves)
    each = torch.arange(n)[:, None, None]
    return maps[each, rows[:, :, None], columns[:, None, :]]


def _loss(net: SCViT, maps: Tensor, labels: Tensor, weight: Tensor, tuning: FineTuning) -> Tensor:
    logits, patches = net(maps)
    classes = functional.cross_entropy(
        logits, labels, weight=weight, label_smoothing=tuning.label_smoothing
    )
    regions = region_embeddings(patches)
    return classes + tuning.omega * symmetric_contrastive_loss(regions, labels, tuning.tau)


METHOD = Method(
    title="SCViT on maps",
    year=2026,
    reads="maps",
    source="after SelfME (CVPR 2023); pre-trained on synthetic motion",
    status="ours",
    make=ScvitModel,
)
