"""SMIC-HS (Li et al. 2013): 164 clips of 16 subjects at 100 fps, no apex annotated.

Two trees are handed out. Raw: `HS_long/SMIC_HS_E/s20/s20_ne_01/image17581039.jpg` (or .bmp) with a
table whose sheet HS has one row per recording; seven recordings hold a second micro-expression
(Onset2F, Offset2F), called `<name>_2` here. Cropped: `SMIC_all_cropped/HS/s01/micro/negative/
s1_ne_01/*.bmp`, one folder per micro-expression, from onset to offset; it needs no table. Where
both are there the raw one counts, because the tracker needs the whole head.

Folder `s03`, clip `s3_ne_01`: ids always carry two digits, as the flow maps do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from training.common.records import Clip, DataSet, Rejected
from training.datasets.assemble import Labels, assemble, clip_of
from training.datasets.classes import Classes, class_map
from training.datasets.folders import find_table, walk
from training.datasets.frames import list_frames
from training.datasets.intervals import Annotated
from training.datasets.tables import Row, read_rows

NAME = "smic"
FPS = 100.0
SHEET = "HS"
TABLES = (r".*SMIC[_-]HS[_-]E.*\.(xlsx|csv)", r".*SMIC.*\.(xlsx|csv)")
_REQUIRED = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("OnsetF", "Onset"),
    "offset": ("OffsetF", "Offset"),
    "emotion": ("Emotion",),
}
_OPTIONAL = {"onset2": ("Onset2F",), "offset2": ("Offset2F",)}
_OTHER_CAMERA = re.compile(r"(^|[/_-])(VIS|NIR)([/_-])")
_CLIP = re.compile(r"s(\d+)_(ne|po|sur)_(\d+)", re.IGNORECASE)


def load(root: Path, classes: Classes = "native") -> DataSet:
    """The clips of SMIC-HS below `root`, from the raw tree or the cropped one.

    Raises:
        SourceNotFoundError: neither tree is there, or the raw one without its table.
        SourceFormatError: the table lacks a sheet or column, or nothing in it is usable.
        UsageError: several tables.
    """
    mapping = class_map(NAME, classes)
    raw, cropped = _clip_folders(root)
    if raw:
        table = find_table(root, TABLES, "SMIC-HS")
        rows = read_rows(table, SHEET, _REQUIRED, _OPTIONAL)
        clips = (clip for row in rows for clip in _clips_of_row(row, raw))
        return assemble(NAME, clips, mapping, root)
    if cropped:
        return assemble(NAME, (_cropped(path) for path in cropped.values()), mapping, root)
    raise SourceNotFoundError(
        f"{root} holds no clips of SMIC-HS (folders like s03/s3_ne_01 or "
        "s03/micro/negative/s3_ne_01): unpack the archive there"
    )


def two_digits(name: str) -> str:
    """A clip's name with two digits for the subject: s3_ne_01 -> s03_ne_01; others unchanged."""
    match = _CLIP.fullmatch(name)
    if match is None:
        return name
    return f"s{int(match[1]):02d}_{match[2].lower()}_{int(match[3]):02d}"


def subject_folder(text: str) -> str:
    """The subject with two digits: "s03" of "3", "s3" or "s03"."""
    digits = text.lower().removeprefix("s")
    return f"s{int(digits):02d}" if digits.isdigit() else text


def _clip_folders(root: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Clip folders by two-digit name: of the raw tree, of the cropped tree."""
    if not root.is_dir():
        raise SourceNotFoundError(f"{root} is not a folder: give the folder of the data set")
    raw: dict[str, Path] = {}
    cropped: dict[str, Path] = {}
    for path in walk(root, depth=7):
        if not _CLIP.fullmatch(path.name) or not path.is_dir():
            continue
        if _OTHER_CAMERA.search(path.relative_to(root).as_posix()):
            continue
        is_cropped = path.parent.parent.name.lower() == "micro"
        (cropped if is_cropped else raw).setdefault(two_digits(path.name), path)
    return raw, cropped


def _clips_of_row(row: Row, folders: dict[str, Path]) -> Iterator[Clip | Rejected]:
    name = two_digits(row.text("name"))
    folder = folders.get(name)
    if folder is None:
        yield Rejected(row.source, f"{name} has no folder of frames: unpack it, or remove the row")
        return
    yield _clip(row, folder, name, "onset", "offset")
    if row.whole("onset2") is not None:
        yield _clip(row, folder, f"{name}_2", "onset2", "offset2")


def _clip(row: Row, folder: Path, name: str, onset: str, offset: str) -> Clip | Rejected:
    labels = Labels(
        NAME, subject_folder(row.text("subject")), name, FPS, row.text("emotion"), row.source
    )
    annotated = Annotated(row.whole(onset), None, row.whole(offset), has_apex=False)
    return clip_of(labels, folder, annotated)


def _cropped(folder: Path) -> Clip | Rejected:
    """A clip of the cropped tree: its frames are the interval, its parent the emotion."""
    name = two_digits(folder.name)
    try:
        numbers = list_frames(folder).numbers
    except SourceFormatError as error:
        return Rejected(str(folder), str(error))
    labels = Labels(NAME, name.split("_")[0], name, FPS, folder.parent.name, str(folder))
    return clip_of(labels, folder, Annotated(numbers[0], None, numbers[-1], has_apex=False))
