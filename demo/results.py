"""Finished recordings of a visitor, read back from their folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from demo.visitors import Visitor
from streamer.batch.run_record import parse_run
from streamer.core.errors import UsageError
from streamer.core.files.inside import is_link, is_safe_name, read_inside
from streamer.core.files.strict_json import MAX_BYTES
from streamer.core.records import EmotionEvent
from streamer.outputs.aligned_faces import strip_path
from streamer.outputs.events import read_events
from streamer.outputs.record import event_id

# File, and what to call it on the page; the order of the downloads.
DOWNLOADS: Mapping[str, str] = {
    "events.jsonl": "JSON lines",
    "events.csv": "CSV table",
    "events.xlsx": "Excel table",
    "events.boris.xlsx": "BORIS (Excel)",
    "events.eaf": "ELAN",
    "events.srt": "SRT subtitles",
    "events.vtt": "WebVTT subtitles",
    "events.parquet": "Parquet",
    "report.html": "Report (HTML)",
    "signals.csv": "Motion per frame (CSV)",
    "annotated.mp4": "Annotated video",
    "run.json": "Run record",
}
VIDEO = "annotated.mp4"


@dataclass(frozen=True, slots=True)
class Finished:
    """One analysed recording, or what a live camera has found so far."""

    name: str  # of its folder
    folder: Path
    display_name: str
    run: Mapping[str, Any]  # run.json; empty for a camera
    events: tuple[EmotionEvent, ...]  # in the order of their onsets

    def address(self, visitor: Visitor, file: str) -> str:
        """The path of a file on this server."""
        return f"/visit/{visitor.token}/{self.name}/{quote(file)}"

    def event(self, wanted: str) -> EmotionEvent:
        """The event of that id. Raises UsageError."""
        for event in self.events:
            if event_id(event) == wanted:
                return event
        raise UsageError("This event is not there any more. Choose another one.")

    def strip(self, event: EmotionEvent) -> Path:
        """Where the faces of an event lie."""
        return strip_path(self.folder / "faces", event)

    @property
    def downloads(self) -> list[tuple[str, str]]:
        """(file, name) of what can be downloaded."""
        return [(f, name) for f, name in DOWNLOADS.items() if (self.folder / f).is_file()]


def load_finished(visitor: Visitor, name: str) -> Finished:
    """Raises UsageError where it is not there any more, SourceFormatError where it was changed."""
    folder = visitor.folder / name
    known = not visitor.gone and name in visitor.results and is_safe_name(name)
    if not known or is_link(folder) or not folder.is_dir():
        raise UsageError("This recording is not there any more. Analyse it again.")
    facts: Mapping[str, Any] = parse_run(_record(visitor.folder, name)) or {}
    events = sorted(read_events(folder / "events.jsonl"), key=lambda e: e.spot.onset_s)
    return Finished(name, folder, facts.get("name", "live camera"), facts, tuple(events))


def _record(folder: Path, name: str) -> bytes | None:
    try:
        return read_inside(folder, f"{name}/run.json", MAX_BYTES)
    except (OSError, ValueError):
        return None
