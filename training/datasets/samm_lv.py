"""SAMM Long Videos (Yap et al. 2020): 147 videos at 200 fps, 343 macro and 159 micro movements.

Frames `SAMM_longvideos/006_1/006_1_0001.jpg`. Table `SAMM_LongVideos_V*_Release.xlsx`, sheet
FACS_Movement_Only, header on row 10; Type is Macro or "Micro - 1/2". About 150 macro rows carry
fractions of frames (rounded, halves up), ten an onset of 0 (the first frame is taken), six an apex
of -1 (to be spotted), two an offset behind the last frame (the last is taken). 037_4_1 is both a
macro and a micro movement, so names end in their kind.

The table knows no emotions. Those of the micro movements come from `SAMM_Micro_FACS_Codes_v2.xlsx`
where it lies below the same root; the others are "unlabelled".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamer.core.errors import SourceNotFoundError
from training.common.records import Clip, DataSet, Rejected
from training.datasets import samm
from training.datasets.assemble import Labels, annotated_in, assemble, clip_of, texts_of
from training.datasets.classes import Classes, class_map
from training.datasets.folders import find_parent, find_table
from training.datasets.tables import Row, read_rows

NAME = "samm_lv"
FPS = 200.0
TABLES = tuple(rf"SAMM_LongVideos_{version}.*\.(xlsx|csv)" for version in ("V3", "V2", "V1", ""))
SHEET = "FACS_Movement_Only"
UNLABELLED = "unlabelled"
_REQUIRED = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("Onset", "Onset Frame"),
    "apex": ("Apex", "Apex Frame"),
    "offset": ("Offset", "Offset Frame"),
    "type": ("Type",),
}
_OPTIONAL = {"action_units": ("Action Units",), "notes": ("Notes",)}


def load(root: Path, classes: Classes = "native") -> DataSet:
    """The macro and micro movements of SAMM-LV below `root`; `kind` tells which.

    Raises:
        SourceNotFoundError: no table or no videos there.
        SourceFormatError: a sheet or column is missing, or nothing in it is usable.
        UsageError: several tables, or five classes.
    """
    mapping = class_map(NAME, classes)
    table = find_table(root, TABLES, "SAMM-LV")
    frames = find_parent(root, r"\d{3}_\d+", "SAMM-LV", prefer="long")
    emotions = _emotions(root)
    rows = read_rows(table, SHEET, _REQUIRED, _OPTIONAL)
    clips = (_clip(row, frames, emotions, labelled=mapping is not None) for row in rows)
    return assemble(NAME, clips, mapping, root)


def videos(root: Path) -> Mapping[str, Path]:
    """Folders of frames by video ("006_1"), those without any movement included.

    Raises:
        SourceNotFoundError: there is none.
    """
    frames = find_parent(root, r"\d{3}_\d+", "SAMM-LV", prefer="long")
    return {path.name: path for path in sorted(frames.iterdir()) if path.is_dir()}


def _emotions(root: Path) -> Mapping[str, str]:
    """Emotion by file name, from the table of micro-movements; empty without it."""
    try:
        table = find_table(root, samm.TABLES, "SAMM")
    except SourceNotFoundError:
        return {}
    return {row.text("name"): row.text("emotion") for row in samm.micro_rows(table)}


def _clip(
    row: Row, frames: Path, emotions: Mapping[str, str], *, labelled: bool
) -> Clip | Rejected:
    subject, name = samm.subject_number(row.text("subject")), row.text("name")
    kind = "micro" if row.text("type").lower().startswith("micro") else "macro"
    emotion = emotions.get(name, UNLABELLED) if kind == "micro" else UNLABELLED
    if labelled and emotion == UNLABELLED:
        return Rejected(
            row.source,
            f"{name} ({kind}) has no emotion: SAMM-LV gives none; for the micro movements put "
            "SAMM_Micro_FACS_Codes_v2.xlsx beside the table, or choose native classes",
        )
    video = "_".join(name.split("_")[:2])
    labels = Labels(
        NAME,
        subject,
        f"{name}_{kind}",
        FPS,
        emotion,
        row.source,
        kind,
        {**texts_of(row, "action_units", "notes"), "video": video},
    )
    return clip_of(labels, frames / video, annotated_in(row))
