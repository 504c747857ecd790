"""The report of one recording: a single HTML file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamer.core.files.atomic import write_file
from streamer.core.records import EmotionEvent
from streamer.outputs.formats.event_text import label
from streamer.outputs.no_faces import no_face_line
from streamer.outputs.record import event_id
from streamer.outputs.report.drawing import motion, timeline
from streamer.outputs.report.judged import coverage_table, judged_figures
from streamer.outputs.report.log import SignalsView, view_signals
from streamer.outputs.report.templates import markup, render_page
from streamer.outputs.summary import RunRecord
from streamer.outputs.terminal import format_clock
from streamer.outputs.units import reading, tells_units

NAME = "report.html"
MAX_CARDS = 200  # events with a plot; the strongest, micro first
MAX_ROWS = 2000
_SHOWN_REGIONS = 4
_HEAD = (
    "onset", "apex", "offset", "kind", "face", "emotion", "confidence", "score", "action units",
    "regions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Card:
    """One event with its plot and pictures."""

    event: EmotionEvent
    plot: str
    pictures: Sequence[tuple[str, str]]  # moment, data URL


def write_report(folder: Path, record: RunRecord, events: Sequence[EmotionEvent]) -> None:
    """Write `report.html` from `signals.csv`, the events and the pictures in `folder`, if any.

    Raises OutputError.
    """
    chosen = choose(events)
    log = folder / "signals.csv"
    view = view_signals(log, events, chosen, record.duration_s, record.frames)
    in_order = sorted(events, key=lambda event: event.spot.onset_s)
    document = render_page(
        "report.html",
        record.name,
        figures=_figures(record, events),
        timeline=timeline(view, events),
        covered=coverage_table(record),
        notes=_notes(record),
        cards=[_card(folder, number, events[number], view) for number in chosen],
        head=_HEAD,
        rows=[_row(event) for event in in_order[:MAX_ROWS]],
        more=max(len(events) - MAX_ROWS, 0),
        right=(4, 6, 7),
        told=tells_units(events),
        nothing=_nothing(record),
    )
    write_file(folder / NAME, document)


def choose(events: Sequence[EmotionEvent]) -> list[int]:
    """Numbers of the events that get a plot, in the order of their times."""
    order = sorted(
        range(len(events)), key=lambda n: (events[n].spot.kind != "micro", -events[n].spot.score)
    )
    return sorted(order[:MAX_CARDS], key=lambda n: events[n].spot.onset_s)


def _figures(record: RunRecord, events: Sequence[EmotionEvent]) -> list[tuple[object, str]]:
    micro = sum(event.spot.kind == "micro" for event in events)
    minutes = max(record.duration_s / 60.0, 1e-9)
    return [
        (format_clock(record.duration_s)[:-4], "length"),
        (micro, "micro-expressions"),
        (f"{micro / minutes:.1f}", "micro a minute"),
        (len(events) - micro, "macro events"),
        (record.faces, "faces"),
        (f"{record.face_share:.0%}", "frames with a face"),
        *judged_figures(record),
    ]


def _nothing(record: RunRecord) -> str:
    """Where no event was found: in how much of the recording that was looked for."""
    if record.coverage is None or not record.faces:
        return "None was found."
    sentence = record.coverage.nothing_found()
    return "None was found." if sentence == "no events" else f"{sentence[0].upper()}{sentence[1:]}."


def _notes(record: RunRecord) -> list[str]:
    """What the reader should know of the recording's quality."""
    notes: list[str] = []
    if record.truncated:
        notes.append(markup('<span class="bad">The recording is cut short or damaged.</span>'))
    if record.frames_with_face < record.frames:
        missing = record.frames - record.frames_with_face
        why = no_face_line(record.no_face, missing, record.frames).partition(": ")[2]
        notes.append(f"{missing} of {record.frames} frames have no face{': ' if why else ''}{why}.")
    if record.dropped:
        notes.append(f"{record.dropped} frames were dropped to keep up.")
    notes += [f"Repaired {name}: {count}." for name, count in sorted(record.repairs.items())]
    notes += record.warnings
    return notes or ["Nothing was dropped or repaired; every frame has a face."]


def _card(folder: Path, number: int, event: EmotionEvent, view: SignalsView) -> _Card:
    curves = view.curves.get(number)
    plot = motion(event, curves) if curves is not None and len(curves.time_s) > 1 else ""
    pictures = []
    for moment in ("onset", "apex"):
        path = folder / "images" / f"{event_id(event)}-{moment}.jpg"
        if path.is_file():
            data = base64.b64encode(path.read_bytes()).decode()
            pictures.append((moment, f"data:image/jpeg;base64,{data}"))
    return _Card(event, plot, pictures)


def _place(event: EmotionEvent) -> str:
    """Where a player shows the apex, if that is not its time."""
    return "" if event.media is None else f" (in the file {format_clock(event.media.apex_s)})"


def _row(event: EmotionEvent) -> list[Any]:
    spot, recognition = event.spot, event.recognition
    return [
        format_clock(spot.onset_s),
        format_clock(spot.apex_s) + _place(event),
        format_clock(spot.offset_s),
        spot.kind,
        spot.face_id,
        markup('<span class="{}">{}</span>', label(event), label(event)),
        f"{recognition.confidence:.0%}" if recognition is not None else "",
        f"{spot.score:.2f}",
        markup('<span class="units">{}</span>', reading(event)),
        ", ".join(name.replace("_", " ") for name in spot.regions[:_SHOWN_REGIONS]),
    ]
