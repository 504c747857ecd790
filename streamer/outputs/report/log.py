"""Reads the per-frame signals once, for a report: an overview, and the curves around events."""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from streamer.records import EmotionEvent

MAX_BINS = 300
_FRAMES_A_BIN = 3  # at least, or short recordings would look full of gaps
AROUND_S = 1.0  # of motion before the onset and after the offset
_MOTION = "motion_"


@dataclass(slots=True)
class Bin:
    """A stretch of the recording."""

    frames: int = 0
    with_face: int = 0
    gated: int = 0
    peak_iod: float = 0.0  # largest motion of any region of any face


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
    """One pass over the log. Memory: the bins, and windows of the `wanted` events (numbers)."""
    span_s = max(duration_s, 1e-3)
    count = max(1, min(MAX_BINS, frames // _FRAMES_A_BIN))
    view = SignalsView(duration_s, [Bin() for _ in range(count)])
    waiting = deque(sorted((_window(n, events[n]) for n in wanted), key=lambda w: w.start_s))
    open_windows: list[_Window] = []
    last_frame = ""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        names = next(rows)
        columns = {name: index for index, name in enumerate(names)}
        moved = [i for i, name in enumerate(names) if name.startswith(_MOTION)]
        regions = [names[i].removeprefix(_MOTION) for i in moved]
        for row in rows:
            time_s = float(row[columns["time_s"]])
            place = view.bins[min(int(count * time_s / span_s), count - 1)]
            face = row[columns["face_id"]]
            if row[columns["frame"]] != last_frame:
                last_frame = row[columns["frame"]]
                place.frames += 1
                place.with_face += bool(face)
            if not face:
                continue
            _add_row(view, place, row, columns["gate"], moved)
            while waiting and waiting[0].start_s <= time_s:
                open_windows.append(waiting.popleft())
            for window in open_windows:
                if window.face_id == int(face):
                    _add_to(window, time_s, row, moved, regions)
            open_windows = _without_ended(open_windows, time_s, view)
    for window in open_windows:
        view.curves[window.number] = window.curves
    return view


def _add_row(view: SignalsView, place: Bin, row: list[str], gate: int, moved: list[int]) -> None:
    view.rows_with_face += 1
    place.peak_iod = max([place.peak_iod, *(float(row[i]) for i in moved if row[i])])
    if row[gate]:
        place.gated += 1
        view.gates.update(row[gate].split("+"))


def _add_to(
    window: _Window, time_s: float, row: list[str], moved: list[int], regions: list[str]
) -> None:
    window.curves.time_s.append(time_s)
    for name, index in zip(regions, moved, strict=True):
        window.curves.regions.setdefault(name, []).append(float(row[index] or 0.0))


def _without_ended(windows: list[_Window], time_s: float, view: SignalsView) -> list[_Window]:
    for window in windows:
        if window.end_s <= time_s:
            view.curves[window.number] = window.curves
    return [window for window in windows if window.end_s > time_s]


def _window(number: int, event: EmotionEvent) -> _Window:
    spot = event.spot
    start_s, end_s = spot.onset_s - AROUND_S, spot.offset_s + AROUND_S
    return _Window(number, spot.face_id, start_s, end_s, Curves([], {}))
