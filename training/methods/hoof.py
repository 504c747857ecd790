"""HOOF and an SVM: histograms of oriented optical flow from onset to apex, block by block."""

from __future__ import annotations

from pathlib import Path

from training.features.hoof import Hoof
from training.models.handmade import HandmadeModel, HandmadeRun, make_handmade
from training.models.method import Method


def make_hoof(file: Path | None = None) -> HandmadeModel:
    """The model under a YAML file (`training.models.handmade`), or its defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    return make_handmade("hoof", Hoof, file, None)


METHOD = Method(
    title="HOOF",
    year=2009,
    reads="pairs",
    source="Chaudhry et al., CVPR 2009; for micro-expressions see Liong et al. 2018",
    status="reconstruction",
    make=make_hoof,
    open="not folded left onto right; 5 x 5 blocks, 8 bins, TV-L1, as Bi-WOOF has them",
    configurable=True,
    settings=HandmadeRun,
)
