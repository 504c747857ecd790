"""Training of the networks of the learned spotter."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from tqdm import tqdm

from streamer.core.ranges import LearningRate, Range, Seed, check_ranges
from training.spotting.learning.net import CausalTcn
from training.spotting.learning.windows import Pool

_BATCH = 12
_POSITIVE_WEIGHT = 6.0
_INTERVAL_WEIGHT = 2.0
_AVERAGED = 0.98  # of the running mean of the weights, a step


Steps = Annotated[int, Range(0, 10_000_000)]  # 0: calibrate only


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How long, how fast, on what."""

    steps: Steps = 400
    rate: LearningRate = 1.5e-3  # the highest of one cycle
    seed: Seed = 0

    def __post_init__(self) -> None:
        check_ranges(self)

    def with_seed(self, seed: int) -> TrainConfig:
        """The same with another seed."""
        return replace(self, seed=seed)


def train(
    pool: Pool, config: TrainConfig, aside: Sequence[str] = (), start: CausalTcn | None = None
) -> CausalTcn:
    """One cycle of AdamW on the windows of all subjects but those set aside.

    The same seed gives the same network.

    What is returned is the running mean of the weights (Polyak and Juditsky 1992). `start`: a
    network to go on from.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    windows = pool.without(aside)
    net = CausalTcn() if start is None else copy.deepcopy(start)
    optimiser = torch.optim.AdamW(net.parameters(), config.rate, weight_decay=1e-2)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, config.steps + 1)
    mean = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(_AVERAGED)
    )
    net.train()
    for _ in tqdm(range(config.steps), desc="train", unit="step", disable=None):
        loss = _loss(net, *_batch(pool, rng.choice(windows, _BATCH)))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        plan.step()
        mean.update_parameters(net)
    averaged = CausalTcn()
    averaged.load_state_dict(mean.module.state_dict())
    return averaged.eval()


def _batch(pool: Pool, chosen: NDArray[np.intp]) -> list[torch.Tensor]:
    """Time first: [L, N, ...]."""
    parts = (pool.inputs, pool.wanted, pool.known, pool.weight)
    return [torch.from_numpy(part[chosen].astype(np.float32).swapaxes(0, 1)) for part in parts]


def _loss(
    net: CausalTcn,
    inputs: torch.Tensor,
    wanted: torch.Tensor,
    known: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    output = net(inputs)
    each = weight * torch.where(wanted[..., 0] > 0.5, _POSITIVE_WEIGHT, 1.0)
    apex = functional.binary_cross_entropy_with_logits(
        output[..., 0], wanted[..., 0], each, reduction="sum"
    ) / weight.sum().clamp(min=1.0)
    asked = known * weight
    away = (output[..., 1:] - wanted[..., 1:]).abs().sum(dim=-1) * asked
    return apex + _INTERVAL_WEIGHT * away.sum() / asked.sum().clamp(min=1.0)
