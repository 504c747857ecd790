"""What files for other programs say of an event and of its recording."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from streamer.core.files.paths import expand_home
from streamer.core.printable import printable
from streamer.core.records import EmotionEvent
from streamer.outputs.units import facs_of
from streamer.sources.naming import url_scheme


def milliseconds(time_s: float) -> int:
    """Whole milliseconds, as subtitles and ELAN count."""
    return round(max(time_s, 0.0) * 1000.0)


def tier_of(event: EmotionEvent) -> tuple[int, str]:
    """What has a tier of its own: each face's events of each kind."""
    return event.spot.face_id, event.spot.kind


def without_overlap(events: Iterable[EmotionEvent]) -> Iterator[tuple[int, int, EmotionEvent]]:
    """(start, end, event) in milliseconds of the player, of events in the order of their onsets.

    A tier holds one thing at a time: an event that begins before the last one has ended begins
    with that end. None is shorter than 1 ms.
    """
    last = 0
    for event in events:
        start = max(milliseconds(event.place.onset_s), last)
        last = max(milliseconds(event.place.offset_s), start + 1)
        yield start, last, event


def label(event: EmotionEvent) -> str:
    """The emotion on one line, or `movement` where nothing was recognised."""
    return printable(event.recognition.emotion) if event.recognition is not None else "movement"


def details(event: EmotionEvent) -> str:
    """What else is known of an event, in one line of `name value` pairs."""
    spot = event.spot
    parts = [f"apex {event.place.apex_s:.3f} s", f"score {spot.score:.2f}"]
    if event.media is not None:
        parts.insert(1, f"captured at {spot.apex_s:.3f} s")
    parts = [*_recognised(event), *parts]
    cut = ["cut"] if event.cut else []
    return "; ".join([*parts, printable("regions " + " ".join(spot.regions)), *cut])


def _recognised(event: EmotionEvent) -> Iterator[str]:
    if event.recognition is None:
        return
    yield f"confidence {event.recognition.confidence:.2f}"
    if facs := facs_of(event):
        yield f"FACS {facs}"
    if event.recognition.because:
        yield printable(f"because {event.recognition.because}")
    if event.recognition.prototype is not None:
        yield printable(f"reads as {event.recognition.prototype}")


@dataclass(frozen=True, slots=True)
class Media:
    """The recording: its name as shown, and where it is (None: not to be shown)."""

    name: str
    location: str | None = None  # a file or a URL without secrets

    @property
    def url(self) -> str | None:
        """The location as a URL."""
        if self.location is None or url_scheme(self.location):
            return self.location
        return expand_home(self.location).absolute().as_uri()

    @property
    def mime_type(self) -> str:
        """By the suffix; `video/*` where it says nothing."""
        file_name = PurePosixPath(self.location or self.name).name
        return mimetypes.guess_type(file_name)[0] or "video/*"
