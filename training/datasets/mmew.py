"""MMEW (Ben et al. 2021): 300 micro-expressions of 30 subjects at 90 fps, seven emotions.

Frames `Micro_Expression/<emotion>/S01-01-001/1.jpg`; a table `MMEW_Micro_Exp.xlsx` (Subject,
Filename, OnsetFrame, ApexFrame, OffsetFrame, Action Units, Estimated Emotion, remarks). Some apex
and offset cells are wrong; they are repaired from the frames, and every repair is noted.
"""

from __future__ import annotations

import re
from pathlib import Path

from streamer.core.errors import SourceNotFoundError
from training.common.records import Clip, DataSet, Rejected
from training.datasets.assemble import Labels, annotated_in, assemble, clip_of, texts_of
from training.datasets.classes import Classes, class_map, spelled
from training.datasets.folders import find_table, walk
from training.datasets.tables import Row, read_rows

NAME = "mmew"
FPS = 90.0
TABLES = (r"MMEW_Micro_Exp.*\.(xlsx|csv)", r"MMEW.*Micro.*\.(xlsx|csv)")
_REQUIRED = {
    "name": ("Filename",),
    "onset": ("OnsetFrame", "Onset"),
    "apex": ("ApexFrame", "Apex"),
    "offset": ("OffsetFrame", "Offset"),
    "emotion": ("Estimated Emotion", "Emotion"),
}
_OPTIONAL = {"subject": ("Subject",), "action_units": ("Action Units",), "remarks": ("remarks",)}
_CLIP = re.compile(r"S(\d+)-\d+-\d+", re.IGNORECASE)


def load(root: Path, classes: Classes = "native") -> DataSet:
    """The micro-expressions of MMEW below `root`.

    Raises:
        SourceNotFoundError: no table or no frames there.
        SourceFormatError: the table lacks a column, or nothing in it is usable.
        UsageError: several tables, or five classes.
    """
    mapping = class_map(NAME, classes)
    table = find_table(root, TABLES, "MMEW")
    folders = {
        (spelled(path.parent.name), path.name.upper()): path
        for path in walk(root)
        if _CLIP.fullmatch(path.name) and path.is_dir()
    }
    if not folders:
        raise SourceNotFoundError(
            f"{root} holds no clips of MMEW (folders like happiness/S01-01-001): unpack the "
            "archive Micro_Expression there"
        )
    rows = read_rows(table, None, _REQUIRED, _OPTIONAL)
    return assemble(NAME, (_clip(row, folders) for row in rows), mapping, root)


def _clip(row: Row, folders: dict[tuple[str, str], Path]) -> Clip | Rejected:
    name, emotion = row.text("name"), spelled(row.text("emotion"))
    match = _CLIP.fullmatch(name)
    if match is None:
        return Rejected(row.source, f"file name {name!r} is not like S01-01-001: correct the cell")
    folder = folders.get((emotion, name.upper()))
    if folder is None:
        return Rejected(
            row.source, f"no folder {emotion}/{name}: unpack it, or correct name or emotion"
        )
    labels = Labels(
        NAME,
        f"S{int(match[1]):02d}",
        name,
        FPS,
        emotion,
        row.source,
        extra=texts_of(row, "action_units", "remarks"),
    )
    return clip_of(labels, folder, annotated_in(row, ends_with_folder=True))
