"""OSW and an SVM: LBP-TOP with its blocks weighted by the optical strain.

The clip becomes ten frames long (TIM); strain and patterns are of the same frames.
"""

from __future__ import annotations

from pathlib import Path

from training.clips.steps import Step
from training.clips.tim import Tim
from training.features.osw import Osw
from training.models.handmade import HandmadeModel, HandmadeRun, make_handmade
from training.models.method import Method


def make_osw(file: Path | None = None) -> HandmadeModel:
    """The model under a YAML file (`training.models.handmade`), or its defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    return make_handmade("osw", Osw, file, (Step(tim=Tim(10)),))


METHOD = Method(
    title="OSW",
    year=2014,
    reads="clips",
    source="Liong et al., ACCV workshops 2014",
    status="reconstruction",
    make=make_osw,
    open="all three planes are weighted; DIS; the settings of LBP-TOP",
    configurable=True,
    settings=HandmadeRun,
)
