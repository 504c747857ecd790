"""CASME II (Yan et al. 2014): 255 clips of 26 subjects at 200 fps.

Frames `Cropped/sub01/EP02_01f/reg_img46.jpg` or `CASME2_RAW_selected/sub01/EP02_01f/img46.jpg`; raw
ones are preferred, because the tracker needs the whole head. Table `CASME2-coding-20140508.xlsx`,
or that of 2019, which calls three clips of subject 24 surprise instead of sadness.

With three classes this is the CASME II part of MEGC 2019: 145 clips of 24 subjects, labels of 2014,
two clips left out, sadness and fear in no class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from training.common.records import Clip, DataSet, Rejected
from training.datasets.assemble import assemble, clip_in_folder
from training.datasets.classes import Classes, class_map
from training.datasets.folders import find_parent, find_table
from training.datasets.tables import read_rows

NAME = "casme2"
FPS = 200.0
TABLES = (r"CASME2-coding-2014\d*\.xlsx", r"CASME2-coding-2019\d*\.xlsx", r"CASME2.*\.(xlsx|csv)")
_REQUIRED = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("OnsetFrame", "Onset"),
    "apex": ("ApexFrame", "Apex"),
    "offset": ("OffsetFrame", "Offset"),
    "emotion": ("Estimated Emotion", "Emotion"),
}
_OPTIONAL = {"action_units": ("Action Units", "AU"), "objective_class": ("Objective Classes",)}

# MEGC 2019 leaves these out and takes the labels of 2014.
LEFT_OUT = {
    "sub04/EP12_01f": "it has no apex",
    "sub05/EP09_05f": "its apex is its onset",
}
SADNESS_IN_2014 = frozenset({"sub24/EP07_01", "sub24/EP07_04f", "sub24/EP10_03"})


def load(root: Path, classes: Classes = "native") -> DataSet:
    """The clips of CASME II below `root`.

    Raises:
        SourceNotFoundError: no table or no frames there.
        SourceFormatError: the table lacks a sheet or column, or nothing in it is usable.
        UsageError: several tables.
    """
    mapping = class_map(NAME, classes)
    table = find_table(root, TABLES, "CASME II")
    frames = find_parent(root, r"sub\d+", "CASME II", prefer="raw")
    rows = read_rows(table, "Sheet1", _REQUIRED, _OPTIONAL)
    clips: Iterator[Clip | Rejected] = (
        clip_in_folder(row, NAME, FPS, subject_folder(row.text("subject")), frames) for row in rows
    )
    if classes == 3:
        clips = (as_in_megc2019(clip) for clip in clips)
    return assemble(NAME, clips, mapping, root)


def subject_folder(text: str) -> str:
    """The subject as its folder is called: "sub01" of "01", "1" or "sub01"."""
    digits = text.lower().removeprefix("sub")
    return f"sub{int(digits):02d}" if digits.isdigit() else text


def as_in_megc2019(clip: Clip | Rejected) -> Clip | Rejected:
    """The clip with its label of 2014; the two clips that MEGC 2019 leaves out are rejected."""
    if isinstance(clip, Rejected):
        return clip
    short = clip.id.removeprefix(f"{NAME}/")
    if short in LEFT_OUT:
        return Rejected(
            clip.extra["source"],
            f"{short}: left out of the three classes as in MEGC 2019: {LEFT_OUT[short]}; choose "
            "native or 5 classes to keep it",
        )
    if short in SADNESS_IN_2014:
        return replace(clip, emotion="sadness")
    return clip
