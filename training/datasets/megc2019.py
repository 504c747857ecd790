"""The composite of MEGC 2019 (See et al. 2019) from the three raw data sets.

Three classes; on complete trees SAMM 92 negative / 26 positive / 15 surprise, SMIC-HS 70/51/43,
CASME II 88/32/25: 442 clips of 68 subjects. Subjects of different data sets never share a group.
"""

from __future__ import annotations

from pathlib import Path

from streamer.core.errors import UsageError
from training.common.records import DataSet
from training.datasets import casme2, samm, smic
from training.datasets.classes import Classes
from training.datasets.registry import part_folder

NAME = "megc2019"
EXPECTED = {"casme2": (88, 32, 25), "samm": (92, 26, 15), "smic": (70, 51, 43)}
_LOADERS = {"casme2": casme2.load, "samm": samm.load, "smic": smic.load}


def load(root: Path, classes: Classes = 3) -> DataSet:
    """The composite; `root` holds a folder for each part (casme2, samm, smic).

    Raises:
        SourceNotFoundError: a part is missing.
        SourceFormatError: a table cannot be used.
        UsageError: other than three classes.
    """
    if classes == 5:
        raise UsageError("megc2019 has three classes only: choose 3 classes")
    parts = [_LOADERS[name](part_folder(root, name), 3) for name in EXPECTED]
    return DataSet(
        NAME,
        tuple(clip for part in parts for clip in part.clips),
        tuple(row for part in parts for row in part.rejected),
    )
