"""Curves and timelines as inline SVG, for reports and for the page.

Colours are the style sheet's, so they follow light, dark and paper.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from streamer.core.records import EmotionEvent
from streamer.outputs.formats.event_text import label
from streamer.outputs.report.judged import judged_share, reason_class
from streamer.outputs.report.log import Curves, SignalsView
from streamer.outputs.report.overview import GatedStretch, Overview
from streamer.outputs.report.templates import text
from streamer.outputs.terminal import format_clock

if TYPE_CHECKING:
    from markupsafe import Markup

STRIP_HEIGHT = 110  # of the page's plot of one face, in its own units; its width is 1000
_WIDTH, _LEFT, _RIGHT = 1000.0, 46.0, 30.0  # of the report's timeline
_SHOWN_REGIONS = 4
_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_STRIP_PX = 12
_LEAST_IOD = 0.02  # full height, unless the motion is larger
_Axis = Callable[[float], float]


def ticks(duration_s: float) -> list[float]:
    """Times for the names of an axis, eight or nine at most up to a day."""
    step_s = next((s for s in _STEPS_S if duration_s / s <= 8), _STEPS_S[-1])
    return [step_s * n for n in range(math.floor(duration_s / step_s) + 1)]


def timeline(view: SignalsView, events: Sequence[EmotionEvent]) -> Markup:
    """Events over the recording, above the largest motion and what could be judged."""
    x = _axis(0.0, max(view.duration_s, 1e-3), _LEFT, _WIDTH - _RIGHT)
    top, bottom = 74.0, 128.0
    peak = max([0.04, *(place.change_iod for place in view.bins)])
    width = (_WIDTH - _LEFT - _RIGHT) / len(view.bins)
    y = _axis(0.0, peak, bottom, top)
    heights = [
        f"{_LEFT + width * n:.1f},{y(min(place.change_iod, peak)):.1f}"
        for n, place in enumerate(view.bins)
    ]
    outline = f"{_LEFT},{bottom} {' '.join(heights)} {_WIDTH - _RIGHT:.1f},{bottom}"
    names = ((22, "micro"), (50, "macro"), (top + 10, f"{peak:.2f}"))
    parts = [
        *(_tick(at_s, x, 12.0, 166.0) for at_s in ticks(view.duration_s)),
        *(_event_mark(event, x) for event in events),
        _element("polygon", points=outline, fill="var(--motion)", opacity=".55"),
        *judged_strip("upper", [place.upper for place in view.bins], width, 134.0),
        *judged_strip("lower", [place.lower for place in view.bins], width, 150.0),
        *(_element("text", name, x=0, y=at) for at, name in names),
    ]
    return _svg(_WIDTH, 184, parts, "Timeline", "timeline")


def motion(event: EmotionEvent, curves: Curves) -> Markup:
    """Region motion around one event, with lines at onset, apex and offset."""
    left, right, top, foot = 30.0, 352.0, 18.0, 128.0
    start_s, end_s = curves.time_s[0], curves.time_s[-1]
    peak = max([_LEAST_IOD, *(max(values, default=0.0) for values in curves.regions.values())])
    x = _axis(start_s, max(end_s - start_s, 1e-6), left, right)
    y = _axis(0.0, peak, foot, top)

    def curve(name: str, colour: str, width: float) -> Markup:
        points = _points(curves.time_s, curves.regions[name], x, y)
        return _element("polyline", points=points, fill="none", stroke=colour, stroke_width=width)

    shown = [name for name in event.spot.regions if name in curves.regions][:_SHOWN_REGIONS]
    others = [name for name in curves.regions if name not in shown]
    line = {"x1": left, "x2": right, "y1": foot, "y2": foot, "stroke": "var(--line)"}
    parts = [
        *_moments(event, x, top, foot),
        *(curve(name, "var(--other)", 0.8) for name in others),
        *(curve(name, f"var(--c{n})", 1.8) for n, name in enumerate(shown)),
        _element("text", f"{peak:.2f}", x=0, y=24),
        _element("text", "IOD", x=0, y=36),
        _element("line", **line),
        _element("text", format_clock(start_s), x=left, y=foot + 12),
        _element("text", format_clock(end_s), x=right, y=foot + 12, text_anchor="end"),
        *(_legend(name, n, left, foot) for n, name in enumerate(shown)),
    ]
    return _svg(360.0, 166, parts, "Region motion", f"small {label(event)}")


def face_strip(
    face: int, view: Overview, events: Sequence[EmotionEvent], span_s: float
) -> tuple[Markup, float]:
    """Motion of a face over a whole recording for the page, and its full height in IOD."""
    peak = max(_LEAST_IOD, view.peak_iod)
    x = _axis(0.0, span_s, 0.0, _WIDTH)
    y = _axis(0.0, peak, STRIP_HEIGHT - 2, 4.0)
    parts = [
        *(_gate(gate, x) for gate in view.gates),
        *(_span(event, x) for event in events if event.spot.face_id == face),
        *(
            _element("polyline", class_=f"curve g{n}", points=_points(view.time_s, values, x, y))
            for n, values in enumerate(view.groups.values())
        ),
    ]
    title = f"Motion of face {face}, up to {peak:.3f} inter-ocular distances"
    box = f"0 0 1000 {STRIP_HEIGHT}"
    drawn = _element(
        "svg", _join(parts), viewBox=box, preserveAspectRatio="none", role="img", aria_label=title
    )
    return drawn, peak


def _moments(event: EmotionEvent, x: _Axis, top: float, foot: float) -> Iterable[Markup]:
    """The event's span, and lines at its three moments, whose names do not meet."""
    spot = event.spot
    left, right = x(spot.onset_s), x(spot.offset_s)
    size = {"width": f"{right - left:.1f}", "height": foot - top}
    yield _element("rect", x=f"{left:.1f}", y=top, **size, fill="currentColor", opacity=".12")
    for name, time_s, anchor in (
        ("onset ", spot.onset_s, "end"),
        ("", spot.apex_s, "middle"),
        ("offset", spot.offset_s, "start"),
    ):
        at = f"{x(time_s):.1f}"
        dashed = {"stroke": "currentColor", "stroke_dasharray": "3 3"}
        yield _element("line", x1=at, x2=at, y1=14, y2=foot, **dashed)
        yield _element("text", name, x=at, y=11, text_anchor=anchor)


def _legend(name: str, number: int, left: float, foot: float) -> Markup:
    """Two names a line."""
    x, y = left + (number % 2) * 165, foot + 24 + 12 * (number // 2)
    shown = name.replace("_", " ")
    return _element("text", shown, x=f"{x:.0f}", y=f"{y:.0f}", style=f"fill:var(--c{number})")


def _event_mark(event: EmotionEvent, x: _Axis) -> Markup:
    spot = event.spot
    title = f"{format_clock(spot.apex_s)} {spot.kind} {label(event)}, face {spot.face_id}"
    return _element(
        "rect",
        _element("title", title),
        class_=label(event),
        x=f"{x(spot.onset_s):.1f}",
        y=12 if spot.kind == "micro" else 40,
        width=f"{max(x(spot.offset_s) - x(spot.onset_s), 2.0):.1f}",
        height=22,
        fill="currentColor",
        rx=1,
    )


def judged_strip(
    half: str, bins: Sequence[Counter[str]], width: float, top: float
) -> Iterable[Markup]:
    """Full in the colour of judged time where it was judged, else in that of the main reason."""
    if not any(bins):
        return
    yield _element("text", half, x=0, y=top + 10)
    told = [judged_share(reasons) for reasons in bins]
    for (reason, share), run in itertools.groupby(enumerate(told), lambda pair: pair[1]):
        first, *others = run
        if not reason and share == 0.0:  # a stretch without a frame
            continue
        left, size = _LEFT + width * first[0], width * (1 + len(others))
        title = _element("title", f"{half} face: {reason or 'judged'}")
        place = {"x": f"{left:.1f}", "width": f"{size + 0.2:.2f}"}
        high = _STRIP_PX * share
        if reason:
            kind = f"judged {reason_class(reason)}"
            yield _element("rect", title, class_=kind, **place, y=top, height=_STRIP_PX)
        if high:
            low = {"y": f"{top + _STRIP_PX - high:g}", "height": f"{high:g}"}
            yield _element("rect", title, class_="judged yes", **place, **low)


def _gate(gate: GatedStretch, x: _Axis) -> Markup:
    left, width = x(gate.start_s), max(x(gate.end_s) - x(gate.start_s), 1.0)
    title = _element("title", f"not counted: {gate.reason}")
    size = {"width": f"{width:.2f}", "height": STRIP_HEIGHT}
    return _element("rect", title, class_="gate", x=f"{left:.2f}", y=0, **size)


def _span(event: EmotionEvent, x: _Axis) -> Markup:
    """The event's span, and a line at each of its three moments."""
    spot = event.spot
    left, right = x(spot.onset_s), x(spot.offset_s)
    size = {"width": f"{right - left:.2f}", "height": STRIP_HEIGHT}
    parts = [_element("rect", x=f"{left:.2f}", y=0, **size, class_="span")]
    for name, time_s in zip(
        ("onset", "apex", "offset"), (spot.onset_s, spot.apex_s, spot.offset_s), strict=True
    ):
        at = {"x1": f"{x(time_s):.2f}", "x2": f"{x(time_s):.2f}", "y1": 0, "y2": STRIP_HEIGHT}
        parts.append(_element("line", _element("title", name), class_=f"moment {name}", **at))
    return _element("g", _join(parts), class_=label(event))


def _axis(start: float, span: float, low: float, high: float) -> _Axis:
    """Values from `start` on, over `span`, as coordinates from `low` to `high`, never outside."""

    def place(value: float) -> float:
        return low + (high - low) * min(max((value - start) / span, 0.0), 1.0)

    return place


def _points(times: Sequence[float], values: Sequence[float], x: _Axis, y: _Axis) -> str:
    return " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in zip(times, values, strict=True))


def _tick(at_s: float, x: _Axis, top: float, bottom: float) -> Markup:
    left, clock = f"{x(at_s):.1f}", format_clock(at_s)
    shown = clock[:-4] if clock.endswith("000") else clock[:-2]
    line = _element("line", x1=left, x2=left, y1=top, y2=bottom, stroke="var(--line)")
    return line + _element("text", shown, x=left, y=bottom + 13, text_anchor="middle")


def _svg(width: float, height: float, parts: Iterable[Markup], title: str, kind: str) -> Markup:
    box = f"0 0 {width:g} {height:g}"
    return _element("svg", _join(parts), class_=kind, viewBox=box, role="img", aria_label=title)


def _join(parts: Iterable[Markup]) -> Markup:
    from markupsafe import Markup

    return Markup("").join(parts)


def _element(name: str, content: object = None, **attributes: object) -> Markup:
    """An element; the attribute `class_` is class, and `_` in the middle is a hyphen."""
    from markupsafe import Markup

    named = ((key.rstrip("_").replace("_", "-"), text(value)) for key, value in attributes.items())
    pairs = "".join(f' {key}="{value}"' for key, value in named)
    if content is None:
        return Markup(f"<{name}{pairs}/>")
    return Markup(f"<{name}{pairs}>{text(content)}</{name}>")
