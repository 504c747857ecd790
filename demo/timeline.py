"""The timeline under the player: events to jump to, above the motion of the face's regions."""

from __future__ import annotations

from collections.abc import Sequence

from demo.curves import GROUPS, GatedStretch, Overview
from streamer.core.records import EmotionEvent
from streamer.outputs.formats.tidy import label
from streamer.outputs.record import event_id
from streamer.outputs.report.html import text
from streamer.outputs.text import format_clock

HEIGHT = 110  # of the plot, in its own units; its width is 1000
_LEAST_IOD = 0.02  # full height, unless the motion is larger
_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120)
_LEAD_S = 0.4  # a jump lands so long before the onset


def timeline(
    events: Sequence[EmotionEvent], overviews: Sequence[tuple[int, Overview]], duration_s: float
) -> str:
    """HTML of the timeline; `overviews` holds (face, motion) of the faces that are drawn."""
    span_s = max(duration_s, 1e-3)
    lanes = "".join(_button(event, span_s) for event in events)
    plots = "".join(_plot(face, view, events, span_s) for face, view in overviews)
    return (
        '<div class="tl"><div class="tl-head"><span class="soft">Timeline. Choose an event to jump '
        'there.</span><label class="soft">Zoom <input type="range" class="tl-zoom" min="1" '
        'max="20" step="0.5" value="1" aria-label="Zoom of the timeline"></label></div>'
        f'<div class="tl-scroll" tabindex="0" role="group" aria-label="Timeline" '
        f'data-duration="{span_s:.6f}"><div class="tl-inner">'
        f'<div class="tl-lanes">{lanes}</div>{plots}{_axis(span_s)}'
        f'<div class="tl-head-line" aria-hidden="true"></div></div></div>{_legend()}</div>'
    )


def jump_s(event: EmotionEvent) -> float:
    """Where the player goes for an event."""
    return max(event.spot.onset_s - _LEAD_S, 0.0)


def _button(event: EmotionEvent, span_s: float) -> str:
    spot, name = event.spot, label(event)
    left, width = 100 * spot.onset_s / span_s, 100 * (spot.offset_s - spot.onset_s) / span_s
    said = "not recognised"
    if event.recognition is not None:
        said = f"{name}, confidence {event.recognition.confidence:.0%}"
    what = (
        f"{spot.kind}-expression at {format_clock(spot.apex_s)}, {said}, face {spot.face_id}. "
        "Jump there."
    )
    return (
        f'<button type="button" class="tl-event {spot.kind} {name}" '
        f'style="left:{left:.3f}%;width:max({width:.3f}%,12px)" data-seek="{jump_s(event):.3f}" '
        f'data-event="{text(event_id(event))}" title="{text(what)}" aria-label="{text(what)}">'
        "</button>"
    )


def _plot(face: int, view: Overview, events: Sequence[EmotionEvent], span_s: float) -> str:
    peak = max(_LEAST_IOD, view.peak_iod)
    lines = "".join(
        f'<polyline class="curve g{n}" points="{_points(view.time_s, values, span_s, peak)}"/>'
        for n, values in enumerate(view.groups.values())
    )
    marks = "".join(_marks(event, span_s) for event in events if event.spot.face_id == face)
    gates = "".join(_gate(gate, span_s) for gate in view.gates)
    title = f"Motion of face {face}, up to {peak:.3f} inter-ocular distances"
    return (
        f'<div class="tl-plot"><span class="soft tl-name">face {face}: 0 to {peak:.3f} IOD</span>'
        f'<svg viewBox="0 0 1000 {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{title}">{gates}{marks}{lines}</svg></div>'
    )


def _gate(gate: GatedStretch, span_s: float) -> str:
    left = 1000 * gate.start_s / span_s
    width = max(1000 * (gate.end_s - gate.start_s) / span_s, 1.0)
    return (
        f'<rect class="gate" x="{left:.2f}" y="0" width="{width:.2f}" height="{HEIGHT}">'
        f"<title>not counted: {text(gate.reason)}</title></rect>"
    )


def _points(times: Sequence[float], values: Sequence[float], span_s: float, peak_iod: float) -> str:
    pairs = zip(times, values, strict=True)
    return " ".join(f"{1000 * t / span_s:.1f},{_y(v / peak_iod):.1f}" for t, v in pairs)


def _y(share: float) -> float:
    return HEIGHT - 2 - (HEIGHT - 6) * min(max(share, 0.0), 1.0)


def _marks(event: EmotionEvent, span_s: float) -> str:
    """The event's span, and a line at each of its three moments."""
    spot, name = event.spot, label(event)
    left, right = (1000 * t / span_s for t in (spot.onset_s, spot.offset_s))
    lines = "".join(
        f'<line class="moment {moment}" x1="{1000 * t / span_s:.2f}" '
        f'x2="{1000 * t / span_s:.2f}" y1="0" y2="{HEIGHT}"><title>{moment}</title></line>'
        for moment, t in zip(
            ("onset", "apex", "offset"), (spot.onset_s, spot.apex_s, spot.offset_s), strict=True
        )
    )
    return (
        f'<g class="{name}"><rect x="{left:.2f}" y="0" width="{right - left:.2f}" '
        f'height="{HEIGHT}" class="span"/>{lines}</g>'
    )


def _axis(span_s: float) -> str:
    step_s = next((s for s in _STEPS_S if span_s / s <= 8), _STEPS_S[-1])
    ticks = []
    for number in range(int(span_s / step_s) + 1):
        at_s = number * step_s
        if span_s - at_s < 0.4 * step_s and number:
            break  # the next name would not fit
        minutes, seconds = divmod(at_s, 60.0)
        shown = f"{minutes:.0f}:{seconds:04.1f}" if step_s < 1 else f"{minutes:.0f}:{seconds:02.0f}"
        ticks.append(f'<span style="left:{100 * at_s / span_s:.3f}%">{shown}</span>')
    return f'<div class="tl-axis" aria-hidden="true">{"".join(ticks)}</div>'


def _legend() -> str:
    names = "".join(
        f'<li><svg viewBox="0 0 24 8" aria-hidden="true"><line class="curve g{n}" x1="0" x2="24" '
        f'y1="4" y2="4"/></svg>{name}</li>'
        for n, name in enumerate(GROUPS)
    )
    return (
        f'<ul class="tl-legend soft">{names}</ul><p class="soft">Curves: how far each part of the '
        "face has moved within the last second, in distances between the eyes (IOD), head motion "
        "removed. Lines in an event: onset, apex (strongest), offset. Grey: a blink, a turn of the "
        "head, a hand or speech; point at it to see which. Movements there are judged with care "
        "or not counted.</p>"
    )
