"""LBP-SIP and an SVM (Wang et al., ACCV 2014): the six intersection points of the three planes.

The clip becomes ten frames long (TIM), then `training.features.lbp_sip`: 20 bins a block.
"""

from __future__ import annotations

from pathlib import Path

from training.clips.steps import Step
from training.clips.tim import Tim
from training.features.lbp_sip import LbpSip
from training.models.handmade import HandmadeModel, HandmadeRun, make_handmade
from training.models.method import Method


def make_lbp_sip(file: Path | None = None) -> HandmadeModel:
    """The model under a YAML file (`training.models.handmade`), or its defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    return make_handmade("lbp-sip", LbpSip, file, (Step(tim=Tim(10)),))


METHOD = Method(
    title="LBP-SIP",
    year=2014,
    reads="clips",
    source="Wang et al., ACCV 2014",
    status="reconstruction",
    make=make_lbp_sip,
    open="radius 1 and 8 x 8 blocks; C searched inside the fold",
    configurable=True,
    settings=HandmadeRun,
)
