"""Reads the per-frame signals once, for a report: an overview, and the curves around events."""

from __future__ import annotations

import csv
import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from streamer.core.errors import SourceFormatError
from streamer.core.files.regular import open_regular_text
from streamer.core.records import EmotionEvent, gates_from_text
from streamer.outputs.cells import complete_lines, true_text

MAX_BINS = 300
_CURE = "give a table of signals"
_FRAMES_A_BIN = 3  # at least, or short recordings would look full of gaps
AROUND_S = 1.0  # of motion before the onset and after the offset
_MOTION = "motion_"
_STRETCH_S = 1.0


@dataclass(slots=True)
class Bin:
    """A stretch of the recording."""

    frames: int = 0
    with_face: int = 0
    gated: int = 0
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
    gates: Counter[str] = field(default_factory=Counter)  # rows per reason
    rows_with_face: int = 0
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
        self._time, self._frame, self._face, self._gate = (
            names.index(name) for name in ("time_s", "frame", "face_id", "gate")
        )
        self._moved = [i for i, name in enumerate(names) if name.startswith(_MOTION)]
        self._regions = [names[i].removeprefix(_MOTION) for i in self._moved]
        self._waiting = deque(sorted(windows, key=lambda window: window.start_s))
        self._open: list[_Window] = []
        self._last_frame = ""
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
            self._last_frame = row[self._frame]
            place.frames += 1
            place.with_face += bool(face)
        if face:
            motion = [float(row[i] or 0.0) for i in self._moved]
            self._add_gates(place, true_text(row[self._gate]))
            place.change_iod = max(place.change_iod, self._change(time_s, int(face), motion))
            self._add_to_windows(time_s, int(face), motion)

    def view(self) -> SignalsView:
        """What was seen; windows that the end of the log cut off are in it."""
        self._close(self._open)
        return self._view

    def _add_gates(self, place: Bin, gates: str) -> None:
        self._view.rows_with_face += 1
        if gates:
            place.gated += 1
            self._view.gates.update(gate.value for gate in gates_from_text(gates))

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
