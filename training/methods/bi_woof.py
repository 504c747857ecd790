"""Bi-WOOF and an SVM: directions of the flow, weighted by its length and by strain.

The table of weights of the paper: `bi-woof@FILE` with
`feature: {local: none|flow|strain, across: none|flow|strain}`.
"""

from __future__ import annotations

from pathlib import Path

from training.features.bi_woof import BiWoof
from training.models.handmade import HandmadeModel, HandmadeRun, make_handmade
from training.models.method import Method


def make_bi_woof(file: Path | None = None) -> HandmadeModel:
    """The model under a YAML file (`training.models.handmade`), or its defaults.

    Raises:
        UsageError: the file is missing, or a key or value in it is wrong.
    """
    return make_handmade("bi-woof", BiWoof, file, None)


METHOD = Method(
    title="Bi-WOOF",
    year=2018,
    reads="pairs",
    source="Liong et al., Signal Processing: Image Communication 2018",
    status="paper",
    make=make_bi_woof,
    open="histograms are means over a block, not normalised; C searched inside the fold",
    configurable=True,
    settings=HandmadeRun,
)
