"""A small network as a model of the benchmark: how it is built, trained, asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from training.models.base import FitPlan, Fitted, Samples, Settings, Watch, represent_each
from training.models.flow_net import FlowNet, Optimiser, train_alone
from training.models.stack import GradientMaker, train_stacked, vmap_gradients


@dataclass(frozen=True, slots=True)
class NetworkModel:
    """A published network and how it is trained; small ones can train their folds stacked.

    represent_one: makes of one clip's input what the network takes, once before the folds.
    """

    name: str
    build: Callable[[int], FlowNet]  # classes -> network
    optimiser: Optimiser
    about: str  # changes with the structure: finished folds of another structure do not count
    gradients: Callable[[FlowNet], GradientMaker] = vmap_gradients
    stacks: bool = True
    seeded: bool = True
    represent_one: Callable[[NDArray], NDArray] | None = None

    @property
    def default_epochs(self) -> int:
        """Passes over the training clips."""
        return self.optimiser.epochs

    def settings(self) -> Settings:
        """Optimiser and structure."""
        return {**asdict(self.optimiser), "structure": self.about}

    def represent(self, samples: Samples) -> Samples:
        """By `represent_one`, where there is one."""
        if self.represent_one is None:
            return samples
        return represent_each(samples, self.name, self.represent_one)

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """One network, one fold; what it draws hangs on the seed alone."""
        net = self._fresh(plan)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            return train_alone(net, train, plan, self.optimiser, watch)

    def fit_folds(
        self,
        samples: Samples,
        rows: Sequence[NDArray[np.int64]],
        plan: FitPlan,
        watch: Watch | None = None,
    ) -> list[Fitted]:
        """All folds and seeds in one program; equal to the loop within float tolerance."""
        fresh = {seed: self._fresh(replace(plan, seed=seed)) for seed in plan.seeds or (plan.seed,)}
        nets = [fresh[plan.of(position).seed] for position in range(len(rows))]
        make = self.gradients(nets[0])
        return train_stacked(nets, make, samples, rows, plan, self.optimiser, watch)

    def _fresh(self, plan: FitPlan) -> FlowNet:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            return self.build(plan.classes)
