"""A file of events that is written at the end of a recording."""

from __future__ import annotations

from pathlib import Path

from streamer.core.records import EmotionEvent, FrameResult
from streamer.outputs.formats import write_events
from streamer.outputs.formats.media import Media


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
