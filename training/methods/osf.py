"""OSF and an SVM: the optical strain of a clip, pooled over time, as 50 x 50 numbers."""

from __future__ import annotations

from pathlib import Path

from training.features.osf import Osf
from training.models.handmade import HandmadeModel, HandmadeRun, make_handmade
from training.models.method import Method


def make_osf(file: Path | None = None) -> HandmadeModel:
    """The model under a YAML file (`training.models.handmade`), or its defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    return make_handmade("osf", Osf, file)


METHOD = Method(
    title="OSF",
    year=2014,
    reads="clips",
    source="Liong et al., ISPACS 2014",
    status="reconstruction",
    make=make_osf,
    open="50 x 50 numbers; DIS from the onset to every frame; the face in the aligned square",
    configurable=True,
    settings=HandmadeRun,
)
