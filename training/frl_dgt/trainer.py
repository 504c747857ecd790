"""FRL-DGT, one optimiser step at a time.

A step depends on the seed, its own number, the weights and the optimiser's state, and on nothing
else: a training that was killed and resumes ends with the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from training.frl_dgt.learner import FrlDgtLearner


@dataclass(frozen=True, slots=True)
class StepLosses:
    """What one step saw."""

    total: float
    classes: float
    self_supervision: float


class FrlDgtTrainer:
    """Trains the learner on what it takes [N, ...] and labels [N]."""

    def __init__(
        self, learner: FrlDgtLearner, inputs: NDArray, labels: NDArray[np.int64], seed: int
    ) -> None:
        if len(inputs) < learner.least_batch or len(inputs) != len(labels):
            raise ValueError(
                f"{len(inputs)} pairs and {len(labels)} labels: two pairs or more are needed, and "
                "as many labels"
            )
        self.learner, self.seed = learner, seed
        self._inputs, self._labels = torch.from_numpy(inputs), torch.from_numpy(labels)
        own = learner.run.training
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
            learner.parameters(), own.learning_rate, weight_decay=own.weight_decay
        )
        self.step_count = 0

    @property
    def total_steps(self) -> int:
        """Of the whole training."""
        own = self.learner.run.training
        return own.epochs * own.steps_per_epoch(len(self._inputs))

    def step(self) -> StepLosses:
        """One optimiser step."""
        own = self.learner.run.training
        device = next(self.learner.parameters()).device
        epoch, place = divmod(self.step_count, own.steps_per_epoch(len(self._inputs)))
        for group in self.optimizer.param_groups:
            group["lr"] = own.learning_rate * own.decay**epoch
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self._inputs))
        rows = torch.from_numpy(order[place * own.batch : (place + 1) * own.batch])
        self.learner.train()
        self.optimizer.zero_grad()
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            drawn = np.random.SeedSequence([self.seed, self.step_count]).generate_state(1)
            torch.manual_seed(int(drawn[0]))
            classes, unlike = self.learner.losses(
                self._inputs[rows].to(device), self._labels[rows].to(device)
            )
        (classes + unlike).backward()
        torch.nn.utils.clip_grad_norm_(self.learner.parameters(), 1.0)
        self.optimizer.step()
        self.step_count += 1
        seen = classes.item(), unlike.item()
        return StepLosses(sum(seen), *seen)

    def restore(self, step: int, optimizer: dict) -> None:
        """Continue from a checkpoint; the weights are the learner's own."""
        self.step_count = step
        self.optimizer.load_state_dict(optimizer)
