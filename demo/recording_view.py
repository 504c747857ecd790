"""What is shown of a finished recording: player, timeline, table, downloads."""

from __future__ import annotations

from collections import Counter

from demo.results import VIDEO, Finished
from demo.timeline import jump_s, timeline
from demo.visitors import Visitor
from streamer.outputs.coverage import coverage_of
from streamer.outputs.no_faces import no_face_line, reasons_of
from streamer.outputs.report.judged import coverage_table, judged_figures
from streamer.outputs.report.overview import read_overviews
from streamer.outputs.report.templates import render_text
from streamer.outputs.summary import RunRecord
from streamer.outputs.terminal import format_clock
from streamer.outputs.units import tells_units

_FACES = 3  # with curves; those with the most events
_ROWS = 200
_HEAD = (
    "Apex", "Kind", "Emotion", "Confidence", "Action units", "Length", "Face", "What moved",
    "Details",
)  # fmt: skip
NOTHING = (
    "No facial movement stood out in this recording. That is a common result: micro-expressions "
    "are rare. A higher sensitivity (Settings) finds more, with more false events."
)


def recording_view(result: Finished, visitor: Visitor, command: str) -> str:
    """HTML of everything below the upload; `command` gives the same on the command line."""
    duration_s = float(result.run["counts"]["duration_s"])
    views = read_overviews(result.folder / "signals.csv", _faces(result), duration_s)
    has_video = (result.folder / VIDEO).is_file()
    return render_text(
        "recording.html",
        "demo",
        result=result,
        figures=_figures(result),
        notes=_notes(result),
        video=result.address(visitor, VIDEO) if has_video else "",
        covered=coverage_table(_record(result)),
        timeline=timeline(result.events, list(views.items()), duration_s),
        jump_s=jump_s,
        head=_HEAD,
        rows=result.events[:_ROWS],
        told=tells_units(result.events),
        more=len(result.events) - _ROWS,
        downloads=[(f, name, result.address(visitor, f)) for f, name in result.downloads],
        command=command,
    )


def _record(result: Finished) -> RunRecord:
    """What `run.json` says of the face and of what could be judged."""
    run = result.run
    covered = run.get("coverage")
    return RunRecord(
        result.display_name,
        no_face=reasons_of(run.get("no_face") or []),
        coverage=coverage_of(covered) if covered else None,
    )


def _little(record: RunRecord) -> str:
    """Where no event was found because hardly anything could be judged."""
    sentence = record.coverage.nothing_found() if record.coverage is not None else "no events"
    return (
        f"{sentence[0].upper()}{sentence[1:]}. That is no sign that nothing happened: see below "
        "why, and try a recording in which the head is quiet and nobody talks."
    )


def _faces(result: Finished) -> list[int]:
    """Faces to draw: those with events, or face 0."""
    found = Counter(event.spot.face_id for event in result.events)
    return sorted(face for face, _ in found.most_common(_FACES)) or [0]


def _figures(result: Finished) -> list[tuple[object, str]]:
    counts, micro = result.run["counts"], sum(e.spot.kind == "micro" for e in result.events)
    share = counts["frames_with_face"] / max(counts["frames"], 1)
    return [
        (micro, "micro-expressions"),
        (len(result.events) - micro, "longer expressions"),
        (format_clock(counts["duration_s"])[:-4], "length"),
        (counts["frames"], "frames"),
        (counts["faces"], "faces"),
        (f"{share:.0%}", "frames with a face"),
        *judged_figures(_record(result)),
    ]


def _notes(result: Finished) -> list[str]:
    quality, counts = result.run["quality"], result.run["counts"]
    record = _record(result)
    notes: list[str] = []
    without = counts["frames"] - counts["frames_with_face"]
    line = no_face_line(record.no_face, without, counts["frames"])
    if counts["frames_with_face"] == 0 and not line:
        notes.append("No face was found in it: use a recording that shows a face from the front.")
    elif line:
        notes.append(f"{line[0].upper()}{line[1:]}.")
    if counts["frames_with_face"] and not result.events:
        little = record.coverage is not None and record.coverage.is_low
        notes.append(_little(record) if little else NOTHING)
    if quality["truncated"]:
        notes.append("The recording is cut short or damaged; what came before that is shown.")
    notes += quality["warnings"]
    notes += [f"Repaired {name}: {count}." for name, count in sorted(quality["repairs"].items())]
    return notes
