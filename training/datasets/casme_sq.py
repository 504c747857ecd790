"""CAS(ME)2 (Qu et al. 2018): long videos at 30 fps with 300 macro and 57 micro movements.

Frames `rawpic/s15/15_0101disgustingteeth/img*.jpg`. The workbook has no header: sheet
CASFEcode_final holds participant 1-22, a name like anger1_1, onset, apex, offset, action units,
emotion, type and self-report; sheet `naming rule1` leads from the participant to the folder (15,
s15, 1), `naming rule2` from disgust1 to the video's code ("0101", disgust1). A video of subject 23
lies in the folder of subject 19 in some copies: videos are found by their own number.

Offset 0 (44 macro rows): the apex is taken. Apex 0 or behind the offset: to be spotted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from training.common.records import Clip, DataSet, Rejected
from training.datasets.assemble import Labels, assemble, clip_of
from training.datasets.classes import Classes, class_map, spelled
from training.datasets.folders import find_table, walk
from training.datasets.intervals import Annotated
from training.datasets.tables import read_grid, source_name, text_of, whole_of

NAME = "casme_sq"
FPS = 30.0
TABLES = (r"CAS\(ME\)\^?2.*code_?final.*\.xlsx", r"code_?final.*\.xlsx")
SHEET, SUBJECTS, VIDEOS = "CASFEcode_final", "naming rule1", "naming rule2"
_COLUMNS = 8  # a row needs: participant, name, onset, apex, offset, action units, emotion, type
_VIDEO = re.compile(r"(\d+)_(\d{4}).*")  # 15_0101disgustingteeth

Videos = Mapping[tuple[int, str], Path]


def load(root: Path, classes: Classes = "native") -> DataSet:
    """The macro and micro movements of CAS(ME)2 below `root`; `kind` tells which.

    Raises:
        SourceNotFoundError: no table or no videos there.
        SourceFormatError: a sheet is missing or wrong, or nothing in it is usable.
        UsageError: several tables, or five classes.
    """
    mapping = class_map(NAME, classes)
    table = find_table(root, TABLES, "CAS(ME)2")
    names = _Names(_subjects(table), _codes(table), videos(root))
    sheet, grid = read_grid(table, SHEET)
    rows = (_clip(source_name(table, sheet, n), cells, names) for n, cells in grid)
    return assemble(NAME, rows, mapping, root)


def videos(root: Path) -> Videos:
    """Folders of frames by subject number and code, those without any movement included.

    Raises:
        SourceNotFoundError: there is none.
    """
    if not root.is_dir():
        raise SourceNotFoundError(f"{root} is not a folder: give the folder of the data set")
    found: dict[tuple[int, str], Path] = {}
    for path in walk(root, depth=5):
        match = _VIDEO.fullmatch(path.name)
        if match and path.is_dir():
            found.setdefault((int(match[1]), match[2]), path)
    if not found:
        raise SourceNotFoundError(
            f"{root} holds no videos of CAS(ME)2 (folders like s15/15_0101disgustingteeth): "
            "unpack rawpic there"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Names:
    """Leads from participant and name to subject and folder."""

    subjects: Mapping[int, int]
    codes: Mapping[str, str]
    videos: Videos

    def find(self, participant: int | None, name: str) -> tuple[str, Path] | str:
        """Subject and folder, or why there is none."""
        subject = self.subjects.get(participant or 0)
        if subject is None:
            return f"participant {participant} is not in sheet {SUBJECTS!r}: correct the cell"
        video = name.split("_")[0].lower()
        code = self.codes.get(video)
        if code is None:
            return f"{video!r} (of {name!r}) is not in sheet {VIDEOS!r}: correct the cell"
        folder = self.videos.get((subject, code))
        if folder is None:
            return f"no folder {subject}_{code}...: unpack the frames of this video"
        return f"s{subject:02d}", folder


def _subjects(table: Path) -> Mapping[int, int]:
    """Participant (1-22) -> subject number (15-40), by `naming rule1`: 15, s15, 1."""
    sheet, grid = read_grid(table, SUBJECTS)
    triples = [[whole_of(cell) for cell in (*cells, None, None, None)[:3]] for _, cells in grid]
    found = {third: first for first, _, third in triples if first is not None and third is not None}
    if not found:
        raise _no_rows(table, sheet, "15, s15, 1")
    return found


def _codes(table: Path) -> Mapping[str, str]:
    """Name of a video (disgust1) -> its code ("0101"), by `naming rule2`."""
    sheet, grid = read_grid(table, VIDEOS)
    pairs = [tuple(text_of(cell) for cell in (*cells, None)[:2]) for _, cells in grid]
    found = {name.lower(): code.zfill(4) for code, name in pairs if code.isdigit() and name}
    if not found:
        raise _no_rows(table, sheet, "0101, disgust1")
    return found


def _no_rows(table: Path, sheet: str, example: str) -> SourceFormatError:
    return SourceFormatError(
        f"{table}, sheet {sheet}: no rows like {example!r}: use the workbook as it was handed out"
    )


def _clip(source: str, cells: tuple[object, ...], names: _Names) -> Clip | Rejected:
    if len(cells) < _COLUMNS:
        return Rejected(source, f"{len(cells)} cells, at least {_COLUMNS} expected: fill the row")
    name, onset = text_of(cells[1]), whole_of(cells[2])
    found = names.find(whole_of(cells[0]), name)
    if isinstance(found, str):
        return Rejected(source, found)
    subject, folder = found
    kind = "micro" if text_of(cells[7]).lower().startswith("micro") else "macro"
    report = spelled(text_of(cells[8])) if len(cells) > _COLUMNS else ""
    labels = Labels(
        NAME,
        subject,
        f"{name}_{onset}",
        FPS,
        text_of(cells[6]),
        source,
        kind,
        {"action_units": text_of(cells[5]), "self_report": report, "video": folder.name},
    )
    return clip_of(labels, folder, Annotated(onset, whole_of(cells[3]), whole_of(cells[4])))
