"""LBP-TOP and an SVM: the baseline of SMIC and CASME II.

The clip becomes ten frames long (TIM), then `training.features.lbp_top`: radius 3 along all axes,
8 x 8 blocks that overlap by 0.7, uniform patterns; a linear SVM.
"""

from __future__ import annotations

from pathlib import Path

from training.clips.steps import Step
from training.clips.tim import Tim
from training.features.lbp_top import LbpTop
from training.models.handmade import HandmadeModel, HandmadeRun, make_handmade
from training.models.method import Method


def make_lbp_top(file: Path | None = None) -> HandmadeModel:
    """The model under a YAML file (`training.models.handmade`), or its defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    return make_handmade("lbp-top", LbpTop, file, (Step(tim=Tim(10)),))


METHOD = Method(
    title="LBP-TOP",
    year=2014,
    reads="clips",
    source="Zhao and Pietikainen, PAMI 2007; with TIM Li et al., FG 2013",
    status="paper",
    make=make_lbp_top,
    open="one block along time; C searched inside the fold",
    configurable=True,
    settings=HandmadeRun,
)
