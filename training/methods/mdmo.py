"""MDMO and an SVM: the main direction of the flow in 36 regions, 72 numbers."""

from __future__ import annotations

from pathlib import Path

from training.features.mdmo import Mdmo
from training.models.handmade import HandmadeModel, HandmadeRun, make_handmade
from training.models.method import Method


def make_mdmo(file: Path | None = None) -> HandmadeModel:
    """The model under a YAML file (`training.models.handmade`), or its defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    return make_handmade("mdmo", Mdmo, file)


METHOD = Method(
    title="MDMO",
    year=2016,
    reads="clips",
    source="Liu et al., IEEE Trans. Affective Computing 2016",
    status="reconstruction",
    make=make_mdmo,
    open="a 6 x 6 grid on the aligned face for 36 regions between landmarks; a linear SVM",
    configurable=True,
    settings=HandmadeRun,
)
