"""CAS(ME)3, part A (Li et al. 2022): 860 micro-expressions in long videos at 30 fps.

Frames `part_A/spNO.1/a/color/175.jpg`, some dropped. Table `cas(me)3_part_A_ME_label*.xlsx`, sheet
label, all cells text. Most rows share subject and file name with others (several movements in one
video), so a name is `<file>_<onset>_<offset>`. Offset 0 (spNO.40/e): the apex is taken for it.
"Others" and "others" are one emotion.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.common.records import Clip, DataSet, Rejected
from training.datasets.assemble import Labels, annotated_in, assemble, clip_of, texts_of
from training.datasets.classes import Classes, class_map
from training.datasets.folders import find_parent, find_table
from training.datasets.tables import Row, read_rows

NAME = "casme3"
FPS = 30.0
TABLES = (
    r"CAS\(ME\)\^?3_part_?A_ME_label.*\.(xlsx|csv)",
    r"(?!.*MaE)CAS\(ME\)\^?3.*part_?A.*\.(xlsx|csv)",
)
SHEET = "label"
_REQUIRED = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("Onset",),
    "apex": ("Apex",),
    "offset": ("Offset",),
    "emotion": ("emotion",),
}
_OPTIONAL = {"action_units": ("AU",), "objective_class": ("Objective class",)}


def load(root: Path, classes: Classes = "native") -> DataSet:
    """The micro-expressions of CAS(ME)3 part A below `root`.

    Raises:
        SourceNotFoundError: no table or no videos there.
        SourceFormatError: a sheet or column is missing, or nothing in it is usable.
        UsageError: several tables, or five classes.
    """
    mapping = class_map(NAME, classes)
    table = find_table(root, TABLES, "CAS(ME)3 part A")
    frames = find_parent(root, r"spNO\.\d+", "CAS(ME)3 part A", prefer="part_?A")
    rows = read_rows(table, SHEET, _REQUIRED, _OPTIONAL)
    return assemble(NAME, (_clip(row, frames) for row in rows), mapping, root)


def videos(root: Path) -> Mapping[str, Path]:
    """Folders of frames by video ("spNO.1/a"), those without any movement included.

    Raises:
        SourceNotFoundError: there is none.
    """
    frames = find_parent(root, r"spNO\.\d+", "CAS(ME)3 part A", prefer="part_?A")
    return {
        f"{subject.name}/{video.name}": _colour_frames(video)
        for subject in sorted(frames.iterdir())
        if subject.is_dir() and subject.name.startswith("spNO.")
        for video in sorted(subject.iterdir())
        if video.is_dir()
    }


def _clip(row: Row, frames: Path) -> Clip | Rejected:
    subject, video = row.text("subject"), row.text("name")
    labels = Labels(
        NAME,
        subject,
        f"{video}_{row.text('onset')}_{row.text('offset')}",
        FPS,
        row.text("emotion"),
        row.source,
        extra={**texts_of(row, "action_units", "objective_class"), "video": f"{subject}/{video}"},
    )
    return clip_of(labels, _colour_frames(frames / subject / video), annotated_in(row))


def _colour_frames(video: Path) -> Path:
    """The colour frames lie beside the depth frames; copies without depth lack that level."""
    colour = video / "color"
    return colour if colour.is_dir() or not video.is_dir() else video
