"""Our own format: a table `clips.csv` beside frames or videos, for data that no other loader knows.

    subject,clip,path,fps,onset,apex,offset,emotion
    anna,smile1,anna/smile1,200,12,31,58,positive
    ben,brows,ben.mp4,30,40,,66,surprise

`path` is relative to the table: a folder of images whose names end in the frame number, or a video,
whose frames count from 0. Frame numbers are whole; an empty `apex` is spotted from the motion. More
columns may be there: `dataset` (default "folder"; subjects of different data sets are different
people), `kind` (micro, the default, or macro) and `action_units`, kept as printed.
"""

from __future__ import annotations

import math
from pathlib import Path

from streamer.core.errors import SourceNotFoundError
from training.common.records import Clip, DataSet, Rejected
from training.datasets.assemble import Labels, assemble, clip_of
from training.datasets.classes import Classes, class_map
from training.datasets.intervals import Annotated
from training.datasets.tables import Row, read_rows

NAME = "folder"
TABLE = "clips.csv"
_NAMES = ("subject", "clip", "path", "fps", "onset", "apex", "offset", "emotion")
_REQUIRED = {name: (name,) for name in _NAMES}
_OPTIONAL = {name: (name,) for name in ("dataset", "kind", "action_units")}


def load(root: Path, classes: Classes = "native") -> DataSet:
    """The clips of `root/clips.csv`.

    Raises:
        SourceNotFoundError: no such table.
        SourceFormatError: a column is missing, or nothing in it is usable.
        UsageError: five classes.
    """
    mapping = class_map(NAME, classes)
    table = root / TABLE
    if not table.is_file():
        raise SourceNotFoundError(
            f"{table} not found: write it with the columns {', '.join(_NAMES)}"
        )
    rows = read_rows(table, None, _REQUIRED, _OPTIONAL)
    return assemble(NAME, (_clip(row, root) for row in rows), mapping, root)


def _clip(row: Row, root: Path) -> Clip | Rejected:
    fps = _rate(row.text("fps"))
    kind = row.text("kind").lower() or "micro"
    if fps is None:
        return Rejected(row.source, f"fps {row.text('fps')!r} is not a rate: give frames a second")
    if kind not in ("micro", "macro"):
        return Rejected(row.source, f"kind {kind!r}: write micro or macro")
    labels = Labels(
        row.text("dataset") or NAME,
        row.text("subject"),
        row.text("clip"),
        fps,
        row.text("emotion"),
        row.source,
        kind,
        {"action_units": row.text("action_units")},
    )
    annotated = Annotated(
        row.whole("onset"), row.whole("apex"), row.whole("offset"), bool(row.text("apex"))
    )
    return clip_of(labels, root / row.text("path"), annotated)


def _rate(text: str) -> float | None:
    try:
        rate = float(text)
    except ValueError:
        return None
    return rate if math.isfinite(rate) and rate > 0 else None
