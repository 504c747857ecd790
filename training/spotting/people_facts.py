"""What `videos.csv` of a set of real recordings tells of each video."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from streamer.core.errors import SourceFormatError
from streamer.outputs.cells import true_text

Content = Literal["injected", "untouched", "own"]
CONTENTS: tuple[Content, ...] = get_args(Content)
_COLUMNS = ("video", "content", "person", "base", "motion", "variant", "converted")


@dataclass(frozen=True, slots=True)
class PersonVideo:
    """One recording of a set: who, and how it was made."""

    content: Content
    person: str
    base: str  # file name of the recording it was made from
    motion: str
    variant: str
    converted: bool  # the base repeats pictures: another frame rate before


def read_people(path: Path) -> Mapping[str, PersonVideo]:
    """By video; empty for a set that has no persons, as one of portraits.

    Raises:
        SourceFormatError: a cell cannot be read.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not set(_COLUMNS) <= set(reader.fieldnames or ()):
            return {}
        rows = [{name: true_text(row[name] or "") for name in _COLUMNS} for row in reader]
    for row in rows:
        if row["content"] not in CONTENTS or not row["person"]:
            raise SourceFormatError(
                f"{path}: {row['video']} of {row['person']!r} with content {row['content']!r}: "
                f"give a person, and one of {', '.join(CONTENTS)}"
            )
    return {
        row["video"]: PersonVideo(
            next(content for content in CONTENTS if content == row["content"]),
            row["person"],
            row["base"],
            row["motion"],
            row["variant"],
            row["converted"] == "yes",
        )
        for row in rows
    }


def read_subjects(path: Path) -> Mapping[str, str]:
    """Who is seen, by video: the first of the columns `subject`, `person`, `portrait` there is."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = [n for n in ("subject", "person", "portrait") if n in (reader.fieldnames or ())]
        return {
            true_text(row["video"] or ""): true_text(row[columns[0]] or "")
            for row in reader
            if columns
        }
