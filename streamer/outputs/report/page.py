"""The report of one recording: a single HTML file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from streamer.core.files.atomic import write_file
from streamer.core.records import EmotionEvent
from streamer.outputs.formats.tidy import label
from streamer.outputs.record import event_id
from streamer.outputs.report.html import figure, page, table, text
from streamer.outputs.report.log import SignalsView, view_signals
from streamer.outputs.report.plots import motion, timeline
from streamer.outputs.summary import RunRecord
from streamer.outputs.text import format_clock

NAME = "report.html"
MAX_CARDS = 200  # events with a plot; the strongest, micro first
MAX_ROWS = 2000
_SHOWN_REGIONS = 4


def write_report(folder: Path, record: RunRecord, events: Sequence[EmotionEvent]) -> None:
    """Write `report.html` from `signals.csv`, the events and the pictures in `folder`, if any.

    Raises OutputError.
    """
    chosen = choose(events)
    log = folder / "signals.csv"
    view = view_signals(log, events, chosen, record.duration_s, record.frames)
    body = "\n".join(
        [
            f"<h1>{text(_short(record.name))}</h1>",
            f'<p class="soft">{text(record.name)}</p>',
            _figures(record, events),
            "<h2>Timeline</h2>",
            f'<div class="card"><div class="scroll">{timeline(view, events)}</div>'
            '<p class="soft">Micro and macro events by '
            "emotion (red negative, green positive, amber surprise, grey not recognised); largest "
            "change of any region within a second or more, in inter-ocular distances; strip: red "
            "where no face was followed.</p></div>",
            _quality(record, view),
            _cards(folder, events, chosen, view),
            _rows(events),
        ]
    )
    write_file(folder / NAME, page(record.name, body).encode("utf-8", "backslashreplace"))


def _short(name: str) -> str:
    """The file name of a path or URL."""
    return name.rstrip("/").replace("\\", "/").rsplit("/", 1)[-1] or name


def choose(events: Sequence[EmotionEvent]) -> list[int]:
    """Numbers of the events that get a plot, in the order of their times."""
    order = sorted(
        range(len(events)), key=lambda n: (events[n].spot.kind != "micro", -events[n].spot.score)
    )
    return sorted(order[:MAX_CARDS], key=lambda n: events[n].spot.onset_s)


def _figures(record: RunRecord, events: Sequence[EmotionEvent]) -> str:
    micro = [e for e in events if e.spot.kind == "micro"]
    minutes = max(record.duration_s / 60.0, 1e-9)
    cards = [
        figure(format_clock(record.duration_s)[:-4], "length"),
        figure(len(micro), "micro-expressions"),
        figure(f"{len(micro) / minutes:.1f}", "micro a minute"),
        figure(len(events) - len(micro), "macro events"),
        figure(record.faces, "faces"),
        figure(f"{record.coverage:.0%}", "frames with a face"),
    ]
    return f'<div class="figures">{"".join(cards)}</div>'


def _quality(record: RunRecord, view: SignalsView) -> str:
    notes = []
    if record.truncated:
        notes.append('<span class="bad">The recording is cut short or damaged.</span>')
    if record.frames_with_face < record.frames:
        missing = record.frames - record.frames_with_face
        notes.append(f"{missing} of {record.frames} frames have no face.")
    if record.dropped:
        notes.append(f"{record.dropped} frames were dropped to keep up.")
    if view.gates:
        rows = max(view.rows_with_face, 1)
        shares = [f"{text(why)} {n / rows:.1%}" for why, n in view.gates.most_common()]
        notes.append(f"Gated, of the frames of a face: {', '.join(shares)}.")
    notes += [f"Repaired {text(name)}: {count}." for name, count in sorted(record.repairs.items())]
    notes += [text(sentence) for sentence in record.warnings]
    if not notes:
        notes.append("Nothing was dropped, repaired or gated; every frame has a face.")
    items = "".join(f"<li>{note}</li>" for note in notes)
    return f'<h2>Quality</h2><ul class="card notes" style="padding-left:2rem">{items}</ul>'


def _cards(
    folder: Path, events: Sequence[EmotionEvent], chosen: Sequence[int], view: SignalsView
) -> str:
    if not events:
        return "<h2>Events</h2><p>None was found.</p>"
    said = ""
    if len(chosen) < len(events):
        note = f"The {len(chosen)} strongest of {len(events)}; all are in the files."
        said = f'<p class="soft">{note}</p>'
    cards = "\n".join(_card(folder, number, events[number], view) for number in chosen)
    return f'<h2>Events</h2>{said}<div class="events">{cards}</div>'


def _card(folder: Path, number: int, event: EmotionEvent, view: SignalsView) -> str:
    spot, curves = event.spot, view.curves.get(number)
    plot = motion(event, curves) if curves is not None and len(curves.time_s) > 1 else ""
    return (
        f'<div class="card event"><h3>{format_clock(spot.apex_s)} '
        f'<span class="badge {text(label(event))}">{spot.kind} {text(label(event))}</span></h3>'
        f'<p class="soft">face {spot.face_id}, {spot.offset_s - spot.onset_s:.2f} s, score '
        f"{spot.score:.2f}</p>{_pictures(folder, event)}{plot}{_bars(event)}</div>"
    )


def _bars(event: EmotionEvent) -> str:
    if event.recognition is None:
        return '<p class="soft">not recognised</p>'
    rows = "".join(
        f'<span class="{text(name)}">{text(name)}</span><span class="{text(name)}">'
        f'<i style="width:{100 * share:.1f}%"></i></span><span>{share:.0%}</span>'
        for name, share in event.recognition.probabilities.items()
    )
    return f'<div class="bars">{rows}</div>'


def _pictures(folder: Path, event: EmotionEvent) -> str:
    found = []
    for moment in ("onset", "apex"):
        path = folder / "images" / f"{event_id(event)}-{moment}.jpg"
        if path.is_file():
            data = base64.b64encode(path.read_bytes()).decode()
            found.append(
                f'<figure><img alt="{moment}" src="data:image/jpeg;base64,{data}">{moment}</figure>'
            )
    return f'<div class="pictures">{"".join(found)}</div>' if found else ""


def _rows(events: Sequence[EmotionEvent]) -> str:
    if not events:
        return ""
    head = ["onset", "apex", "offset", "kind", "face", "emotion", "confidence", "score", "regions"]
    rows = [_row(event) for event in sorted(events, key=lambda e: e.spot.onset_s)[:MAX_ROWS]]
    more = len(events) - len(rows)
    said = f'<p class="soft">{more} more are in the files.</p>' if more else ""
    return f'<h2>Table</h2><div class="card">{table(head, rows, frozenset({4, 6, 7}))}{said}</div>'


def _row(event: EmotionEvent) -> list[str]:
    spot, said = event.spot, event.recognition
    return [
        format_clock(spot.onset_s),
        format_clock(spot.apex_s),
        format_clock(spot.offset_s),
        spot.kind,
        str(spot.face_id),
        f'<span class="{text(label(event))}">{text(label(event))}</span>',
        f"{said.confidence:.0%}" if said is not None else "",
        f"{spot.score:.2f}",
        text(", ".join(name.replace("_", " ") for name in spot.regions[:_SHOWN_REGIONS])),
    ]
