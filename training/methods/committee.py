"""Three models of different kinds that vote with equal weight: the mean of their probabilities.

    zero-shot   the bundled transformers, trained on synthetic motion alone
    linear      logistic regression on the levelled maps of the fold
    ststnet     a shallow convolutional network, trained in the fold from scratch

They err in different ways, for they share neither structure nor training. Nothing is fitted about
the mixing: the sum rule with equal weights (Kittler et al., On combining classifiers, 1998). The
bundled transformers know three classes; under other classes the two others vote alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamer.core.records import EMOTIONS
from training.methods.linear import LinearModel
from training.methods.ststnet import make_ststnet
from training.methods.zero_shot import ZeroShotModel
from training.models.base import AsGiven, FitPlan, Fitted, Model, Samples, Settings, Watch
from training.models.method import Method


@dataclass(frozen=True, slots=True)
class FittedVotingEnsemble:
    """The last member is the network."""

    members: tuple[Fitted, ...]

    def probabilities(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes], the mean over the members."""
        every = [member.probabilities(maps) for member in self.members]
        return np.asarray(np.mean(every, axis=0, dtype=np.float64), dtype=np.float32)

    def features(self, maps: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Those of the network."""
        return self.members[-1].features(maps)


class VotingEnsemble(AsGiven):
    """Epochs, seed and stacking are those of the network, the one member that has them."""

    name = "committee"
    seeded = True
    stacks = True

    def __init__(self) -> None:
        self._network = make_ststnet()

    @property
    def default_epochs(self) -> int:
        """Of the network."""
        return self._network.default_epochs

    def settings(self) -> Settings:
        """Of every member."""
        members = (*_others(len(EMOTIONS)), self._network)
        return {member.name: dict(member.settings()) for member in members}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Every member on the fold's clips."""
        others = tuple(member.fit(train, plan) for member in _others(plan.classes))
        report = _with_others([others], watch)
        return FittedVotingEnsemble((*others, self._network.fit(train, plan, report)))

    def fit_folds(
        self,
        samples: Samples,
        rows: Sequence[NDArray[np.int64]],
        plan: FitPlan,
        watch: Watch | None = None,
    ) -> list[Fitted]:
        """The networks of all folds and seeds in one program; the others once a fold."""
        first = {own.tobytes(): own for own in rows}  # seeds share the members without one
        once = [m.fit_folds(samples, list(first.values()), plan) for m in _others(plan.classes)]
        by_rows = dict(zip(first, zip(*once, strict=True), strict=True))
        others = [tuple(by_rows[own.tobytes()]) for own in rows]
        report = _with_others(others, watch)
        nets = self._network.fit_folds(samples, rows, plan, report)
        return [FittedVotingEnsemble((*own, net)) for own, net in zip(others, nets, strict=True)]


def _others(classes: int) -> tuple[Model, ...]:
    """The members without epochs."""
    linear: Model = LinearModel()
    return (ZeroShotModel(), linear) if classes == len(EMOTIONS) else (linear,)


def _with_others(others: Sequence[tuple[Fitted, ...]], watch: Watch | None) -> Watch | None:
    """Whoever watches the network sees the ensemble."""
    if watch is None:
        return None
    report = watch
    return lambda epoch, k, net: report(epoch, k, FittedVotingEnsemble((*others[k], net)))


METHOD = Method(
    title="voting ensemble",
    year=2026,
    reads="maps",
    source="zero-shot, linear, ststnet; sum rule of Kittler et al. 1998",
    status="ours",
    make=VotingEnsemble,
)
