"""SelfME in the benchmark (SelfME, CVPR 2023): learned motion and SCViT, both of the fold alone.

A fold fine-tunes the motion learner on the faces of its own training subjects, extracts the motion
of their onset-apex pairs and trains SCViT on it. What it starts from has seen synthetic video only,
or nothing. The prepared cache holds the onset and apex of a clip, so those are the frames that the
motion learner sees, in both directions; the paper draws any two frames.

`selfme.motion: tcae` (table 3 of the paper) puts the displacements of TCAE's facial actions in the
place of the learned motion; TCAE, too, learns from the fold's own faces, from nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognition.classifiers.selfme import SelfmeNet
from streamer.core.errors import UsageError
from streamer.core.settings import fill, load_yaml
from training.common.files import sha256_of
from training.models.base import FitPlan, Fitted, OneByOne, Samples, Settings, Watch
from training.models.method import Method
from training.selfme.pairs import Measure, motion_crops
from training.selfme.recognizer_run import make_trainer
from training.selfme.settings import SelfmeRun, facts_of
from training.selfme.start import fine_tune, start_file, start_network
from training.tcae.train import learn_tcae

_CHUNK = 128


@dataclass(frozen=True, slots=True)
class FittedSelfme:
    """The trained network of one fold."""

    net: SelfmeNet
    measure: Measure | None = None  # the motion, where it is neither the network's nor a flow

    def probabilities(self, pairs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, classes] of pairs uint8 [N, 2, S, S, 3]."""
        return self._ask(pairs, lambda c: self.net.classifier.classify(c)[0].softmax(dim=-1))

    def features(self, pairs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The normalised class token [N, D]."""
        classifier = self.net.classifier
        return self._ask(pairs, lambda c: classifier.encode(classifier.input.compress(c))[0])

    def _ask(
        self, pairs: NDArray[np.uint8], question: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float32]:
        self.net.eval()
        gamma = self.net.config.amplification
        crops = motion_crops(self.net, pairs, gamma, measure=self.measure)
        with torch.no_grad():
            return torch.cat([question(c).float().cpu() for c in crops.split(_CHUNK)]).numpy()


@dataclass(frozen=True, slots=True)
class SelfmeModel(OneByOne):
    """Fold by fold."""

    run: SelfmeRun = field(default_factory=SelfmeRun)
    name: str = "selfme"
    seeded: bool = True
    stacks: bool = False

    @property
    def default_epochs(self) -> int:
        """Of SCViT; fixed, the same for every fold."""
        return self.run.training.epochs

    def build(self, classes: int) -> SelfmeNet:
        """The network under the settings, from random weights."""
        config = self.run.selfme
        return SelfmeNet(replace(config, field=replace(config.field, classes=classes)))

    def settings(self) -> Settings:
        """All settings, and the sha256 of the weights that the motion learner starts from."""
        learned = self.run.selfme.motion == "selfme"
        file = start_file(self.run.start) if learned else None
        return {**facts_of(self.run), "start": None if file is None else dict(sha256_of([file]))}

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """Motion learner, motion, SCViT, of the fold's own clips.

        Raises:
            UsageError: the samples carry no faces.
        """
        if train.pairs is None:
            raise UsageError(
                "selfme looks at faces, not at flow maps: give a cache of mer-train prepare as "
                "--root"
            )
        config = self.run.selfme
        config = replace(config, field=replace(config.field, classes=plan.classes))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            net = start_network(config, self.run.start).to(plan.device)
            if net.learner is not None:
                fine_tune(net.learner, train.pairs, self.run.fine_tuning, plan.seed)
            fitted = FittedSelfme(net, self._measure(train.pairs, plan))
            train_classifier(fitted, train, plan, self.run, watch)
        net.eval()
        return fitted

    def _measure(self, pairs: NDArray[np.uint8], plan: FitPlan) -> Measure | None:
        """TCAE, learnt from these pairs, where the motion is its."""
        if self.run.selfme.motion != "tcae":
            return None
        tcae, _ = learn_tcae(pairs, self.run.tcae, plan.seed, plan.device)
        return lambda part: tcae.motion(
            *(torch.from_numpy(part[:, i].copy()).to(plan.device) for i in (0, 1))
        )


def train_classifier(
    fitted: FittedSelfme,
    train: Samples,
    plan: FitPlan,
    run: SelfmeRun,
    watch: Watch | None,
) -> None:
    """SCViT on the motion of the fold's clips; the motion learner stays as it is."""
    assert train.pairs is not None  # the caller looked
    run = replace(run, training=replace(run.training, epochs=plan.epochs))
    trainer = make_trainer(
        run, fitted.net, train.pairs, train.labels, train.jittered, plan.seed, fitted.measure
    )
    per_epoch = run.training.steps_per_epoch(len(train))
    for step in range(1, trainer.total_steps + 1):
        trainer.step()
        if watch and step % per_epoch == 0:
            watch(step // per_epoch, 0, fitted)


def make_selfme(file: Path | None = None) -> SelfmeModel:
    """The model under the settings of a YAML file, or the defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    if file is None:
        return SelfmeModel()
    return SelfmeModel(fill(SelfmeRun, load_yaml(file), where=str(file)))


METHOD = Method(
    title="SelfME",
    year=2023,
    reads="pairs",
    source="Fan et al., CVPR 2023",
    status="paper",
    make=make_selfme,
    configurable=True,
    settings=SelfmeRun,
)
