"""SAMM (Davison et al. 2018): 159 micro-movements of 32 subjects, 200 fps, grey.

Frames `006/006_1_2/006_05562.jpg`; the padding of their numbers varies by clip. Table
`SAMM_Micro_FACS_Codes_v2.xlsx`, sheet MICRO_ONLY, header on row 14, in some copies on row 1. Two
apexes lie outside their clips (028_4_1, 032_3_1); both clips belong to MEGC 2019 and stay in, their
apex to be spotted. "Other" here is "Others" elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from training.common.records import DataSet
from training.datasets.assemble import assemble, clip_in_folder
from training.datasets.classes import Classes, class_map
from training.datasets.folders import find_parent, find_table
from training.datasets.tables import Row, read_rows

NAME = "samm"
FPS = 200.0
TABLES = (r"SAMM(_\d+)?_Micro_FACS_Codes.*\.(xlsx|csv)",)
SHEET = "MICRO_ONLY"
_REQUIRED = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("Onset Frame", "Onset"),
    "apex": ("Apex Frame", "Apex"),
    "offset": ("Offset Frame", "Offset"),
    "emotion": ("Estimated Emotion", "Emotion"),
}
_OPTIONAL = {"action_units": ("Action Units",), "objective_class": ("Objective Classes",)}


def load(root: Path, classes: Classes = "native") -> DataSet:
    """The clips of SAMM below `root`.

    Raises:
        SourceNotFoundError: no table or no frames there.
        SourceFormatError: the table lacks a sheet or column, or nothing in it is usable.
        UsageError: several tables.
    """
    mapping = class_map(NAME, classes)
    rows = micro_rows(find_table(root, TABLES, "SAMM"))
    frames = find_parent(root, r"\d{3}", "SAMM")
    clips = (
        clip_in_folder(row, NAME, FPS, subject_number(row.text("subject")), frames) for row in rows
    )
    return assemble(NAME, clips, mapping, root)


def micro_rows(table: Path) -> list[Row]:
    """The rows of the table of micro-movements (SAMM-LV takes its emotions from it)."""
    return read_rows(table, SHEET, _REQUIRED, _OPTIONAL)


def subject_number(text: str) -> str:
    """The subject as its folder is called: "006" of "6" or "006"."""
    return text.zfill(3) if text.isdigit() else text
