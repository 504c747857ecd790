"""The timeline under the player: events to jump to, above the motion of the face's regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spotting.motion.regions import REGION_NAMES
from streamer.core.records import EmotionEvent
from streamer.outputs.report.drawing import face_strip, ticks
from streamer.outputs.report.overview import Overview, region_groups
from streamer.outputs.report.templates import render

if TYPE_CHECKING:
    from markupsafe import Markup

GROUPS = region_groups(REGION_NAMES)
_LEAD_S = 0.4  # a jump lands so long before the onset


def timeline(
    events: Sequence[EmotionEvent], overviews: Sequence[tuple[int, Overview]], duration_s: float
) -> Markup:
    """HTML of the timeline; `overviews` holds (face, motion) of the faces that are drawn."""
    span_s = max(duration_s, 1e-3)
    start_s, speed = player_clock(events)
    return render(
        "timeline.html",
        "demo",
        events=events,
        jump_s=jump_s,
        strips=[(face, *face_strip(face, view, events, span_s)) for face, view in overviews],
        marks=axis_marks(span_s),
        groups=list(GROUPS),
        span_s=span_s,
        start_s=start_s,
        speed=speed,
    )


def jump_s(event: EmotionEvent) -> float:
    """Where the player goes for an event."""
    return max(event.place.onset_s - _LEAD_S, 0.0)


def player_clock(events: Sequence[EmotionEvent]) -> tuple[float, float]:
    """(start, speed): a time t of the timeline is at start + speed t of the player, in seconds."""
    for event in events:
        spot, place = event.spot, event.place
        if event.media is not None and spot.offset_s > spot.onset_s:
            speed = (place.offset_s - place.onset_s) / (spot.offset_s - spot.onset_s)
            return place.onset_s - speed * spot.onset_s, max(speed, 1e-3)
    return 0.0, 1.0


def axis_marks(span_s: float) -> list[tuple[float, str]]:
    """Place (percent) and name of the marks of the axis; the last one has room for its name."""
    times = ticks(span_s)
    step_s = times[1] - times[0] if len(times) > 1 else span_s
    if len(times) > 1 and span_s - times[-1] < 0.4 * step_s:
        times = times[:-1]
    marks = []
    for at_s in times:
        minutes, seconds = divmod(at_s, 60.0)
        clock = f"{minutes:.0f}:{seconds:04.1f}" if step_s < 1 else f"{minutes:.0f}:{seconds:02.0f}"
        marks.append((100 * at_s / span_s, clock))
    return marks
