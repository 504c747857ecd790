"""FRL-DGT in the benchmark (Zhai et al., CVPR 2023, arXiv 2304.04420), all of the fold alone.

Onset and apex -> convolutional displacement module, trained by self-supervision and by the
classification at once -> AU regions and full face -> local, global and full-face transformer fusion
with linear fusion before the attention -> classes. The network is in
`recognition.classifiers.frl_dgt`, the losses in `training.frl_dgt`; every switch of table 2 (M0 to
M9) is a setting: `mer-train ablate frl-dgt`.

What the public text leaves open, and what is taken, is said where it stands: layers and sizes of
the module and the transformers, the loss's form and weight, the list of AU regions, optimiser
(Adam 1e-3, rate times .93 an epoch), 30 epochs, batches of 32. Ours beyond it: head motion is taken
out of the displacement, pairs are mirrored, the classified displacement varies in strength.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from streamer.core.settings import fill, load_yaml
from training.common.files import sha256_of
from training.frl_dgt.fields import field_maker
from training.frl_dgt.learner import FrlDgtLearner, start_file
from training.frl_dgt.settings import FrlDgtRun
from training.models.flow_net import Optimiser
from training.models.method import Method
from training.models.network import NetworkModel


def make_frl_dgt(file: Path | None = None) -> NetworkModel:
    """The model under the settings of a YAML file, or the defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
        ModelError: the `start` of the settings is not there.
    """
    run = FrlDgtRun() if file is None else fill(FrlDgtRun, load_yaml(file), where=str(file))
    own = run.training
    return NetworkModel(
        name="frl-dgt",
        build=partial(build_learner, run),
        optimiser=Optimiser(
            own.epochs, own.batch, own.learning_rate, weight_decay=own.weight_decay, decay=own.decay
        ),
        about=describe(run),
        stacks=False,
        represent_one=field_maker(run.network),
    )


def build_learner(run: FrlDgtRun, classes: int) -> FrlDgtLearner:
    """A fresh network for so many classes."""
    return FrlDgtLearner(replace(run, network=replace(run.network, classes=classes)))


def describe(run: FrlDgtRun) -> str:
    """All settings, and the sha256 of the weights that the displacement module starts from."""
    start = start_file(run.start)
    named = None if start is None else dict(sha256_of([start]))
    return json.dumps({**asdict(run), "start": named}, sort_keys=True)


METHOD = Method(
    title="FRL-DGT",
    year=2023,
    reads="pairs",
    source="Zhai et al., CVPR 2023, arXiv 2304.04420",
    status="reconstruction",
    make=make_frl_dgt,
    open="all sizes, the self-supervised loss, the AU regions, optimiser and epochs",
    configurable=True,
    settings=FrlDgtRun,
)
