"""TCAE's self-supervision: one face of a pair is rebuilt from the other, through two cycles.

With source s and target t, embeddings p (pose) and a (action), weights as in the released code:

  10  |blended(s) - t|                      the target rebuilt by both displacements
   1  |back(posed(s)) - s|, |back(acted(s)) - s|     the two cycles
   1  (p(posed) - p(t))^2, (a(posed) - a(s))^2       only the pose has changed
   1  (p(acted) - p(s))^2, (a(acted) - a(t))^2       only the action has changed
   1  (p(blended) - p(t))^2, (a(blended) - a(t))^2
  0.1 |displacement of the action|          facial actions are sparse

The released code learns from VoxCeleb with stochastic gradient descent and takes the easier half of
a batch first. Here a fold has its own onset-apex pairs only, in both directions, hence Adam at 1e-3
and no such curriculum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streamer.core.ranges import BatchSize, LearningRate, Range, check_ranges
from training.tcae.net import Tcae, TcaeConfig, blend, moved

_REBUILT, _SPARSE = 10.0, 0.1


@dataclass(frozen=True, slots=True)
class TcaeTraining:
    """The network and how long it learns. 0 epochs: it stays as drawn."""

    network: TcaeConfig = field(default_factory=TcaeConfig)
    epochs: Annotated[int, Range(0, 100_000)] = 40
    batch: BatchSize = 16
    learning_rate: LearningRate = 1e-3

    def __post_init__(self) -> None:
        check_ranges(self)


def learn_tcae(
    pairs: NDArray[np.uint8], training: TcaeTraining, seed: int, device: str
) -> tuple[Tcae, list[float]]:
    """A network that has learnt from pairs [N, 2, S, S, 3] alone, and the mean loss per epoch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Tcae(training.network).to(device)
    return net, learn_motion(net, pairs, training, seed)


def learn_motion(
    net: Tcae, pairs: NDArray[np.uint8], training: TcaeTraining, seed: int
) -> list[float]:
    """Trains `net` in place; the mean loss of every epoch."""
    device = next(net.parameters()).device
    with torch.no_grad():
        faces = [net.shrink(torch.from_numpy(pairs[:, i].copy()).to(device)) for i in (0, 1)]
    both = torch.stack(faces, dim=1)  # [N, 2, 3, s, s]
    adam = torch.optim.Adam(net.parameters(), training.learning_rate)
    rng, means = np.random.default_rng([seed, 5]), []
    net.train()
    for _ in range(training.epochs):
        losses = []
        order = rng.permutation(len(pairs))
        for start in range(0, len(order), training.batch):
            rows = order[start : start + training.batch]
            first = rng.integers(0, 2, len(rows))  # which of the two is the source
            loss = twin_cycle_loss(net, both[rows, first], both[rows, 1 - first])
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        means.append(float(np.mean(losses)))
    net.eval()
    return means


def twin_cycle_loss(net: Tcae, source: Tensor, target: Tensor) -> Tensor:
    """The sum above, the mean of the batch; faces float [N, 3, s, s] in 0..1."""
    of_source, of_target = net.encode(source), net.encode(target)
    pose = net.displace("pose", of_source["pose"], of_target["pose"])
    action = net.displace("action", of_source["action"], of_target["action"])
    posed, acted = moved(source, pose[0]), moved(source, action[0])
    rebuilt = moved(source, blend(pose, action))
    of_posed, of_acted, of_rebuilt = net.encode(posed), net.encode(acted), net.encode(rebuilt)
    unposed, _ = net.displace("pose", of_posed["pose"], of_source["pose"])
    unacted, _ = net.displace("action", of_acted["action"], of_source["action"])
    cycles = _apart(moved(posed, unposed), source) + _apart(moved(acted, unacted), source)
    kept = (
        _square(of_posed["pose"], of_target["pose"])
        + _square(of_posed["action"], of_source["action"])
        + _square(of_acted["pose"], of_source["pose"])
        + _square(of_acted["action"], of_target["action"])
        + _square(of_rebuilt["pose"], of_target["pose"])
        + _square(of_rebuilt["action"], of_target["action"])
    )
    sparse = action[0].abs().mean() / (0.5 * net.config.size_px)
    return _REBUILT * _apart(rebuilt, target) + cycles + kept + _SPARSE * sparse


def _apart(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs().mean()


def _square(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).square().mean()
