"""Events as readable lines for a terminal."""

from __future__ import annotations

from typing import IO

from streamer.core.files.writing import writing
from streamer.core.printable import printable
from streamer.core.records import EmotionEvent, FrameResult

_SHOWN_REGIONS = 4


def format_clock(time_s: float) -> str:
    """Seconds as `mm:ss.mmm`, or `h:mm:ss.mmm` from one hour on."""
    millis = round(max(time_s, 0.0) * 1000)
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02d}:{millis // 1000:02d}.{millis % 1000:03d}"
    return f"{hours}:{clock}" if hours else clock


def format_event(event: EmotionEvent) -> str:
    """One line: time of the apex, kind, face, emotion with its confidence, length, regions."""
    spot = event.spot
    emotion = "-"
    if event.recognition is not None:
        emotion = f"{event.recognition.emotion} {event.recognition.confidence:.0%}"
    regions = ", ".join(name.replace("_", " ") for name in spot.regions[:_SHOWN_REGIONS])
    cut = "  (cut)" if event.cut else ""
    return printable(
        f"{format_clock(spot.apex_s)}  {spot.kind}  face {spot.face_id}  {emotion:<14}"
        f"  {spot.offset_s - spot.onset_s:.2f} s long  {regions}{cut}".rstrip()
    )


class TextWriter:
    """Writes a readable line per event, clear of a progress bar on the same terminal."""

    def __init__(self, stream: IO[str], name: str = "standard output") -> None:
        self._stream = stream
        self._name = name

    def write(self, result: FrameResult) -> None:
        from tqdm import tqdm

        for event in result.events:
            with writing(self._name), tqdm.external_write_mode(file=self._stream):
                self._stream.write(format_event(event) + "\n")
                self._stream.flush()

    def close(self) -> None:
        """Leave the stream open: it is the terminal's."""
