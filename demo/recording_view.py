"""What is shown of a finished recording: player, timeline, table, downloads."""

from __future__ import annotations

from collections import Counter

from demo.curves import read_overviews
from demo.results import VIDEO, Finished
from demo.timeline import jump_s, timeline
from demo.visitors import Visitor
from streamer.core.records import EmotionEvent
from streamer.outputs.formats.tidy import label
from streamer.outputs.record import event_id
from streamer.outputs.report.html import figure, text
from streamer.outputs.text import format_clock

_FACES = 3  # with curves; those with the most events
_ROWS = 200
_HEAD = ("Apex", "Kind", "Emotion", "Confidence", "Length", "Face", "What moved", "Details")
NOTHING = (
    "No facial movement stood out in this recording. That is a common result: micro-expressions "
    "are rare. A higher sensitivity (Settings) finds more, with more false events."
)


def recording_view(result: Finished, visitor: Visitor, command: str) -> str:
    """HTML of everything below the upload; `command` gives the same on the command line."""
    counts = result.run["counts"]
    duration_s = float(counts["duration_s"])
    views = read_overviews(result.folder / "signals.csv", _faces(result), duration_s)
    video = ""
    if (result.folder / VIDEO).is_file():
        video = (
            f'<video class="player" controls playsinline preload="auto" aria-label="The recording '
            f'with what was found drawn on it" src="{result.address(visitor, VIDEO)}"></video>'
        )
    return (
        f'<section class="mer-result" data-result="{text(result.name)}" aria-label="Result">'
        f"<h2>{text(result.shown)}</h2>{_figures(result)}{_notes(result)}{video}"
        f"{timeline(result.events, list(views.items()), duration_s)}{_table(result)}"
        f"{_downloads(result, visitor, command)}</section>"
    )


def _faces(result: Finished) -> list[int]:
    """Faces to draw: those with events, or face 0."""
    found = Counter(event.spot.face_id for event in result.events)
    return sorted(face for face, _ in found.most_common(_FACES)) or [0]


def _figures(result: Finished) -> str:
    counts, micro = result.run["counts"], sum(e.spot.kind == "micro" for e in result.events)
    share = counts["frames_with_face"] / max(counts["frames"], 1)
    parts = (
        (micro, "micro-expressions"),
        (len(result.events) - micro, "longer expressions"),
        (format_clock(counts["duration_s"])[:-4], "length"),
        (counts["frames"], "frames"),
        (counts["faces"], "faces"),
        (f"{share:.0%}", "frames with a face"),
    )
    return f'<div class="figures">{"".join(figure(*part) for part in parts)}</div>'


def _notes(result: Finished) -> str:
    quality, counts = result.run["quality"], result.run["counts"]
    notes = []
    if counts["frames_with_face"] == 0:
        notes.append("No face was found in it: use a recording that shows a face from the front.")
    elif not result.events:
        notes.append(NOTHING)
    if quality["truncated"]:
        notes.append("The recording is cut short or damaged; what came before that is shown.")
    notes += list(quality["warnings"])
    notes += [f"Repaired {name}: {count}." for name, count in sorted(quality["repairs"].items())]
    return "".join(f'<p class="note">{text(note)}</p>' for note in notes)


def _table(result: Finished) -> str:
    if not result.events:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    rows = "".join(_row(event) for event in result.events[:_ROWS])
    more = len(result.events) - _ROWS
    said = f'<p class="soft">{more} more are in the files below.</p>' if more > 0 else ""
    return (
        f'<div class="scroll"><table class="events"><caption class="soft">Events</caption><thead>'
        f"<tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{said}"
    )


def _row(event: EmotionEvent) -> str:
    spot, said, name = event.spot, event.recognition, label(event)
    number = text(event_id(event))
    when = format_clock(spot.apex_s)
    regions = ", ".join(region.replace("_", " ") for region in spot.regions[:4])
    cells = (
        f'<button type="button" class="link" data-seek="{jump_s(event):.3f}" '
        f'data-event="{number}" aria-label="Jump to {when}">{when}</button>',
        text(spot.kind),
        f'<span class="badge {name}">{text(name)}</span>',
        "" if said is None else f"{said.confidence:.0%}",
        f"{spot.offset_s - spot.onset_s:.2f} s",
        str(spot.face_id),
        text(regions),
        f'<button type="button" class="link" data-inside="{number}" '
        f'aria-label="Look inside the event at {when}">Look inside</button>',
    )
    return f'<tr data-row="{number}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _downloads(result: Finished, visitor: Visitor, command: str) -> str:
    links = "".join(
        f'<a class="download" download="{text(file)}" '
        f'href="{result.address(visitor, file)}?download=1">{text(name)}</a>'
        for file, name in result.downloads
    )
    return (
        f'<div class="downloads" role="group" aria-label="Downloads"><h3>Downloads</h3>{links}'
        '<p class="soft">The same files as the command line writes. They are deleted from this '
        "server when you close the page. This command gives the same events:</p>"
        f'<pre class="command">{text(command)}</pre></div>'
    )
