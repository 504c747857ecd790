"""Events as subtitles over the recording: SubRip (.srt) and WebVTT (.vtt)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streamer.core.files.atomic import write_file
from streamer.core.printable import printable_lines
from streamer.core.records import EmotionEvent
from streamer.outputs.formats.event_text import Media, label, milliseconds
from streamer.outputs.record import event_id
from streamer.outputs.units import reading

_SHORTEST_MS = 1
_SHOWN_REGIONS = 3


def write_srt(events: Sequence[EmotionEvent], path: Path, media: Media) -> None:
    """SubRip: numbered cues, `hh:mm:ss,mmm`, UTF-8."""
    cues = [f"{n}\n{_span(e, ',')}\n{_text(e)}\n" for n, e in enumerate(events, start=1)]
    _write(path, "\n".join(cues))


def write_vtt(events: Sequence[EmotionEvent], path: Path, media: Media) -> None:
    """WebVTT: cues named by event id, `hh:mm:ss.mmm`, UTF-8."""
    cues = [f"{event_id(e)}\n{_span(e, '.')}\n{_escaped(_text(e))}\n" for e in events]
    _write(path, "\n".join(["WEBVTT\n", *cues]))


def _escaped(text: str) -> str:
    """WebVTT reads tags and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _span(event: EmotionEvent, point: str) -> str:
    start = milliseconds(event.place.onset_s)
    end = max(milliseconds(event.place.offset_s), start + _SHORTEST_MS)
    return f"{_clock(start, point)} --> {_clock(end, point)}"


def _clock(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{ms:03d}"


def _text(event: EmotionEvent) -> str:
    sure = f" {event.recognition.confidence:.0%}" if event.recognition is not None else ""
    regions = ", ".join(name.replace("_", " ") for name in event.spot.regions[:_SHOWN_REGIONS])
    head = f"[{event.spot.kind}] {label(event)}{sure} (face {event.spot.face_id})"
    lines = "\n".join(line for line in (head, reading(event), regions) if line)
    return printable_lines(lines.replace("-->", "->"))  # the arrow would begin a cue


def _write(path: Path, text: str) -> None:
    write_file(path, text.encode("utf-8", "backslashreplace"))
