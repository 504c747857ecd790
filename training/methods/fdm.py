"""FDM and an SVM: the principal direction of the flow in spatio-temporal cuboids."""

from __future__ import annotations

from pathlib import Path

from training.features.fdm import Fdm
from training.models.handmade import HandmadeModel, HandmadeRun, make_handmade
from training.models.method import Method


def make_fdm(file: Path | None = None) -> HandmadeModel:
    """The model under a YAML file (`training.models.handmade`), or its defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    return make_handmade("fdm", Fdm, file)


METHOD = Method(
    title="FDM",
    year=2017,
    reads="clips",
    source="Xu et al., IEEE Trans. Affective Computing 2017",
    status="reconstruction",
    make=make_fdm,
    open="how the principal direction is found; 6 x 6 x 4 cuboids; DIS; no finer alignment",
    configurable=True,
    settings=HandmadeRun,
)
