"""What a terminal shows of a run: a readable line per event, and a progress bar."""

from __future__ import annotations

import sys
import time
from typing import IO

from streamer.core.files.writing import writing
from streamer.core.printable import printable
from streamer.core.records import EmotionEvent, FrameResult, SourceInfo
from streamer.outputs.units import reading

_SHOWN_REGIONS = 4


def format_clock(time_s: float) -> str:
    """Seconds as `mm:ss.mmm`, or `h:mm:ss.mmm` from one hour on."""
    millis = round(max(time_s, 0.0) * 1000)
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02d}:{millis // 1000:02d}.{millis % 1000:03d}"
    return f"{hours}:{clock}" if hours else clock


def format_event(event: EmotionEvent) -> str:
    """One line: time of the apex, kind, face, emotion with its confidence, length, units, regions.

    Units and what they are read as stand there where the model tells them.
    """
    spot = event.spot
    emotion = "-"
    if event.recognition is not None:
        emotion = f"{event.recognition.emotion} {event.recognition.confidence:.0%}"
    regions = ", ".join(name.replace("_", " ") for name in spot.regions[:_SHOWN_REGIONS])
    because = f"{read}  " if (read := reading(event)) else ""
    cut = "  (cut)" if event.cut else ""
    place = "" if event.media is None else f"  (in the file {format_clock(event.media.apex_s)})"
    day = "" if event.day is None else f"  {event.day[1]}"
    return printable(
        f"{format_clock(spot.apex_s)}  {spot.kind}  face {spot.face_id}  {emotion:<14}"
        f"  {spot.offset_s - spot.onset_s:.2f} s long  {because}{regions}{place}{day}{cut}".rstrip()
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


_BAR = "{desc}: {percentage:3.0f}%|{bar:30}| {n:.0f}/{total:.0f} s{postfix}, {remaining} left"
_OPEN_END = "{desc}: {n:.0f} s{postfix}"
_EVERY_S = 0.25


class ProgressBar:
    """Follows one source. Without a declared duration it counts seconds and shows no end."""

    def __init__(self, info: SourceInfo) -> None:
        from tqdm import tqdm

        name = printable(info.name)
        total_s = None if info.live else info.expected_s
        self._bar = tqdm(
            desc=name if len(name) <= 40 else "..." + name[-37:],
            total=total_s,
            bar_format=_BAR if total_s else _OPEN_END,
            file=sys.stderr,
            mininterval=_EVERY_S,
            leave=False,
            dynamic_ncols=True,
            postfix="starting",
        )
        self._started = time.monotonic()
        self._shown = self._started
        self._time_s = 0.0
        self._frames = 0
        self._events = 0

    def write(self, result: FrameResult) -> None:
        self._events += len(result.events)
        if result.frame is None:
            return
        self._frames += 1
        self._time_s = max(self._time_s, result.frame.time_s)
        now = time.monotonic()
        if now - self._shown >= _EVERY_S:
            self._shown = now
            self._bar.set_postfix_str(self._speed(now - self._started), refresh=False)
            shown_s = self._time_s if not self._bar.total else min(self._time_s, self._bar.total)
            self._bar.update(shown_s - self._bar.n)

    def close(self) -> None:
        self._bar.close()

    def _speed(self, wall_s: float) -> str:
        return (
            f"{self._time_s / wall_s:.1f}x real time ({self._frames / wall_s:.0f} fps), "
            f"events: {self._events}"
        )
