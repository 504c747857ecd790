"""Events as files for other programs: subtitles, ELAN, BORIS, spreadsheets, tables.

These files can only be written once all events are known; `write_events` writes one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar, get_args

from streamer.core.errors import UsageError
from streamer.core.records import EmotionEvent, FrameResult
from streamer.outputs.formats import boris, eaf, subtitles, tables, workbook
from streamer.outputs.formats.event_text import Media

FileFormat = Literal["srt", "vtt", "eaf", "boris", "xlsx", "parquet"]
_T = TypeVar("_T")
_Writer = Callable[[Sequence[EmotionEvent], Path, Media], None]
_WRITERS: dict[str, _Writer] = {
    "srt": subtitles.write_srt,
    "vtt": subtitles.write_vtt,
    "eaf": eaf.write_eaf,
    "boris": boris.write_boris,
    "xlsx": tables.write_xlsx,
    "parquet": tables.write_parquet,
}
_CHECKS: dict[str, Callable[[], object]] = {
    "eaf": eaf.import_pympi,
    "boris": workbook.import_openpyxl,
    "xlsx": workbook.import_openpyxl,
    "parquet": tables.import_pyarrow,
}
FILE_NAMES = {
    "srt": "events.srt",
    "vtt": "events.vtt",
    "eaf": "events.eaf",
    "boris": "events.boris.xlsx",
    "xlsx": "events.xlsx",
    "parquet": "events.parquet",
}
SUFFIXES: dict[str, FileFormat] = {
    ".srt": "srt",
    ".vtt": "vtt",
    ".eaf": "eaf",
    ".boris.tsv": "boris",
    ".boris.xlsx": "boris",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}


def by_suffix(path: Path, suffixes: Mapping[str, _T]) -> _T | None:
    """What `suffixes` says of a name: `.boris.xlsx` before `.xlsx`."""
    two = "".join(path.suffixes[-2:]).lower()
    return suffixes.get(two) or suffixes.get(path.suffix.lower())


def check_format(name: str) -> None:
    """Raise UsageError for an unknown format, InstallError where its library is missing."""
    if name not in _WRITERS:
        known = ", ".join(get_args(FileFormat))
        raise UsageError(f"{name!r} is no format of events; known are {known}.")
    if name in _CHECKS:
        _CHECKS[name]()


def write_events(name: str, events: Sequence[EmotionEvent], path: Path, media: Media) -> None:
    """Write all events of one recording in the order of their onsets. Raises OutputError."""
    check_format(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    in_order = sorted(events, key=lambda e: (e.spot.onset_s, e.spot.face_id, e.spot.kind))
    _WRITERS[name](in_order, path, media)


class EventFile:
    """Collects the events of one recording and writes them when it is closed."""

    def __init__(self, form: str, path: Path, media: Media) -> None:
        self._form = form
        self._path = path
        self._media = media
        self._events: list[EmotionEvent] = []

    def write(self, result: FrameResult) -> None:
        self._events.extend(result.events)

    def close(self) -> None:
        write_events(self._form, self._events, self._path, self._media)
