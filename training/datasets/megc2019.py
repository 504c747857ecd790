"""The composite of MEGC 2019 (See et al. 2019) from the three raw data sets.

Three classes; on complete trees SAMM 92 negative / 26 positive / 15 surprise, SMIC-HS 70/51/43,
CASME II 88/32/25: 442 clips of 68 subjects. Subjects of different data sets never share a group.
"""

from __future__ import annotations

from pathlib import Path

from streamer.errors import SourceNotFoundError, UsageError
from training.datasets import casme2, samm, smic
from training.datasets.classes import Classes
from training.records import DataSet

NAME = "megc2019"
EXPECTED = {"casme2": (88, 32, 25), "samm": (92, 26, 15), "smic": (70, 51, 43)}
_FOLDERS = {
    "casme2": ("casme2", "casmeii", "casme-ii", "casme_ii", "casme ii"),
    "samm": ("samm",),
    "smic": ("smic", "smic-hs", "smic_hs"),
}
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
    parts = [_LOADERS[name](_part(root, name), 3) for name in EXPECTED]
    return DataSet(
        NAME,
        tuple(clip for part in parts for clip in part.clips),
        tuple(row for part in parts for row in part.rejected),
    )


def _part(root: Path, name: str) -> Path:
    if not root.is_dir():
        raise SourceNotFoundError(f"{root} is not a folder: give the folder of the data sets")
    for path in sorted(root.iterdir()):
        if path.is_dir() and path.name.lower() in _FOLDERS[name]:
            return path
    raise SourceNotFoundError(
        f"{root} has no folder {name}: the composite needs casme2, samm and smic side by side; "
        "move or link them there"
    )
