"""Reads the per-frame signals once, for a report: an overview, and the curves around events."""

from __future__ import annotations

import csv
import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from streamer.core.coverage import BASELINE, CAME_OR_WENT, NO_FACE
from streamer.core.errors import SourceFormatError
from streamer.core.files.regular import open_regular_text
from streamer.core.records import EmotionEvent, Gate
from streamer.outputs.cells import complete_lines, true_text

MAX_BINS = 300
_CURE = "give a table of signals"
_FRAMES_A_BIN = 3  # at least, or short recordings would look full of gaps
AROUND_S = 1.0  # of motion before the onset and after the offset
_MOTION = "motion_"
_REASONS = ("upper_reason", "lower_reason")
_WORDS = {"", NO_FACE, CAME_OR_WENT, BASELINE, *(gate.value for gate in Gate)}
_STRETCH_S = 1.0


@dataclass(slots=True)
class Bin:
    """A stretch of the recording."""

    frames: int = 0
    # Frames by why that half of the face could not be judged; "": it could.
    upper: Counter[str] = field(default_factory=Counter)
    lower: Counter[str] = field(default_factory=Counter)
    change_iod: float = 0.0  # largest change of any region of any face within it (or a second)


@dataclass(frozen=True, slots=True)
class Curves:
    """Motion of one face around one event: times [T], and [T] per region."""

    time_s: list[float]
    regions: dict[str, list[float]]


@dataclass(slots=True)
class SignalsView:
    """What the report needs of a signals log, whatever its length."""

    duration_s: float
    bins: list[Bin]
    curves: dict[int, Curves] = field(default_factory=dict)  # by the event's number


@dataclass(slots=True)
class _Window:
    number: int
    face_id: int
    start_s: float
    end_s: float
    curves: Curves


def view_signals(
    path: Path,
    events: Sequence[EmotionEvent],
    wanted: Sequence[int],
    duration_s: float,
    frames: int,
) -> SignalsView:
    """One pass over the log. Memory: the bins, and windows of the `wanted` events (numbers).

    Raises SourceFormatError for a log that holds something else.
    """
    bins = max(1, min(MAX_BINS, frames // _FRAMES_A_BIN))
    windows = [_window(n, events[n]) for n in wanted]
    try:
        with open_regular_text(path, str(path), _CURE) as stream:
            rows = csv.reader(complete_lines(stream))
            names = next(rows, None)
            if names is None:  # a live log of which nothing was written out so far
                return SignalsView(duration_s, [Bin() for _ in range(bins)])
            reader = _Reader(names, windows, duration_s, bins)
            for row in rows:
                reader.take(row)
    except (ValueError, IndexError, OverflowError, csv.Error) as error:
        raise SourceFormatError(f"{path} is no table of signals: {error}.") from None
    return reader.view()


class _Reader:
    """Takes the rows of a log in order."""

    def __init__(
        self, names: list[str], windows: list[_Window], duration_s: float, bins: int
    ) -> None:
        self._time, self._frame, self._face = (
            names.index(name) for name in ("time_s", "frame", "face_id")
        )
        # Not in a log of an older version.
        self._judged = [names.index(name) for name in _REASONS if name in names]
        self._moved = [i for i, name in enumerate(names) if name.startswith(_MOTION)]
        self._regions = [names[i].removeprefix(_MOTION) for i in self._moved]
        self._waiting = deque(sorted(windows, key=lambda window: window.start_s))
        self._open: list[_Window] = []
        self._last_frame = ""
        self._last_bin = Bin()
        self._reasons: list[str] | None = None  # of the last frame, upper and lower
        self._bins_a_second = bins / max(duration_s, 1e-3)
        self._stretch_s = max(_STRETCH_S, 1.0 / self._bins_a_second)
        self._stretch = -1
        self._ranges: dict[int, tuple[list[float], list[float]]] = {}  # per face: low, high
        self._view = SignalsView(duration_s, [Bin() for _ in range(bins)])

    def take(self, row: list[str]) -> None:
        """One face of one frame, or a frame without a face."""
        time_s, face = float(row[self._time]), row[self._face]
        if not 0.0 <= time_s < math.inf:
            raise ValueError(f"{time_s} is no time")
        place = self._view.bins[min(int(time_s * self._bins_a_second), len(self._view.bins) - 1)]
        if row[self._frame] != self._last_frame:
            self._end_frame()
            self._last_frame, self._last_bin = row[self._frame], place
            place.frames += 1
        self._add_reasons([true_text(row[i]) for i in self._judged])
        if face:
            motion = [float(row[i] or 0.0) for i in self._moved]
            place.change_iod = max(place.change_iod, self._change(time_s, int(face), motion))
            self._add_to_windows(time_s, int(face), motion)

    def view(self) -> SignalsView:
        """What was seen; windows that the end of the log cut off are in it."""
        self._close(self._open)
        self._end_frame()
        return self._view

    def _add_reasons(self, reasons: list[str]) -> None:
        """Of several faces, that which could be judged counts."""
        known = self._reasons or reasons
        self._reasons = [one and other and one for one, other in zip(known, reasons, strict=True)]

    def _end_frame(self) -> None:
        if self._reasons and set(self._reasons) <= _WORDS:
            self._last_bin.upper[self._reasons[0]] += 1
            self._last_bin.lower[self._reasons[1]] += 1
        self._reasons = None

    def _change(self, time_s: float, face: int, motion: list[float]) -> float:
        """Largest range of a region in the present stretch: slow drift does not count."""
        if int(time_s / self._stretch_s) != self._stretch:
            self._stretch = int(time_s / self._stretch_s)
            self._ranges = {}
        low, high = self._ranges.get(face, (motion, motion))
        low = [min(pair) for pair in zip(low, motion, strict=True)]
        high = [max(pair) for pair in zip(high, motion, strict=True)]
        self._ranges[face] = low, high
        return max(top - bottom for bottom, top in zip(low, high, strict=True))

    def _add_to_windows(self, time_s: float, face: int, motion: list[float]) -> None:
        while self._waiting and self._waiting[0].start_s <= time_s:
            self._open.append(self._waiting.popleft())
        for window in self._open:
            if window.face_id == face and time_s <= window.end_s:
                window.curves.time_s.append(time_s)
                for name, value in zip(self._regions, motion, strict=True):
                    window.curves.regions.setdefault(name, []).append(value)
        self._close([window for window in self._open if window.end_s <= time_s])

    def _close(self, windows: list[_Window]) -> None:
        self._view.curves |= {window.number: window.curves for window in windows}
        self._open = [window for window in self._open if window not in windows]


def _window(number: int, event: EmotionEvent) -> _Window:
    spot = event.spot
    start_s, end_s = spot.onset_s - AROUND_S, spot.offset_s + AROUND_S
    return _Window(number, spot.face_id, start_s, end_s, Curves([], {}))
