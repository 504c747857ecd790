"""Plots as inline SVG. Colours are the style sheet's, so they follow light, dark and paper."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from streamer.core.records import EmotionEvent
from streamer.outputs.formats.tidy import label
from streamer.outputs.report.log import Curves, SignalsView
from streamer.outputs.text import format_clock

_WIDTH, _LEFT, _RIGHT = 1000.0, 46.0, 30.0
_SHOWN_REGIONS = 4
_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


def timeline(view: SignalsView, events: Sequence[EmotionEvent]) -> str:
    """Events over the recording, above the largest motion and the coverage per stretch."""
    x = _axis(0.0, max(view.duration_s, 1e-3), _WIDTH)
    lanes = "".join(_event_mark(event, x) for event in events)
    top, bottom = 74.0, 128.0
    peak = max([0.04, *(place.change_iod for place in view.bins)])
    width = (_WIDTH - _LEFT - _RIGHT) / len(view.bins)
    heights = [
        f"{_LEFT + width * n:.1f},{bottom - (bottom - top) * min(place.change_iod / peak, 1.0):.1f}"
        for n, place in enumerate(view.bins)
    ]
    end = f"{_WIDTH - _RIGHT:.1f},{bottom}"
    outline = f"{_LEFT},{bottom} {' '.join(heights)} {end}"
    area = f'<polygon points="{outline}" fill="var(--motion)" opacity=".55"/>'
    ticks = "".join(_tick(at, x, 12.0, 150.0) for at in _ticks(view.duration_s))
    names = _texts(((22, "micro"), (50, "macro"), (top + 10, f"{peak:.2f}"), (142, "face")))
    return _svg(
        _WIDTH, 168, f"{ticks}{lanes}{area}{_coverage(view, width)}{names}", "Timeline", "timeline"
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    """Coordinates of a motion plot."""

    start_s: float
    end_s: float
    peak_iod: float
    width: float = 360.0
    left: float = 30.0
    right: float = 352.0
    top: float = 18.0
    foot: float = 128.0

    def x(self, time_s: float) -> float:
        share = (time_s - self.start_s) / max(self.end_s - self.start_s, 1e-6)
        return self.left + (self.right - self.left) * min(max(share, 0.0), 1.0)

    def y(self, value_iod: float) -> float:
        return self.foot - (self.foot - self.top) * value_iod / self.peak_iod

    def line(self, curves: Curves, name: str, colour: str, width: float) -> str:
        pairs = zip(curves.time_s, curves.regions[name], strict=True)
        points = " ".join(f"{self.x(t):.1f},{self.y(v):.1f}" for t, v in pairs)
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def motion(event: EmotionEvent, curves: Curves) -> str:
    """Region motion around one event, with lines at onset, apex and offset."""
    peak = max([0.02, *(max(values, default=0.0) for values in curves.regions.values())])
    plot = _Plot(curves.time_s[0], curves.time_s[-1], peak)
    shown = [name for name in event.spot.regions if name in curves.regions][:_SHOWN_REGIONS]
    others = [name for name in curves.regions if name not in shown]
    grey = "".join(plot.line(curves, name, "var(--other)", 0.8) for name in others)
    bright = "".join(plot.line(curves, n, f"var(--c{i})", 1.8) for i, n in enumerate(shown))
    body = _marks(plot, event) + grey + bright + _scale(plot) + _legend(plot, shown)
    return _svg(plot.width, 166, body, "Region motion", f"small {label(event)}")


def _marks(plot: _Plot, event: EmotionEvent) -> str:
    """The event's span, and lines at its three moments."""
    left, right = plot.x(event.spot.onset_s), plot.x(event.spot.offset_s)
    band = (
        f'<rect x="{left:.1f}" y="{plot.top}" width="{right - left:.1f}" '
        f'height="{plot.foot - plot.top}" fill="currentColor" opacity=".12"/>'
    )
    lines = (
        f'<line x1="{plot.x(t):.1f}" x2="{plot.x(t):.1f}" y1="14" y2="{plot.foot}" '
        f'stroke="currentColor" stroke-dasharray="3 3"/>'
        f'<text x="{plot.x(t):.1f}" y="11" text-anchor="{anchor}">{name}</text>'
        for name, t, anchor in _moments(event)
    )
    return band + "".join(lines)


def _scale(plot: _Plot) -> str:
    below = plot.foot + 12
    return (
        f'<text x="0" y="24">{plot.peak_iod:.2f}</text><text x="0" y="36">IOD</text>'
        f'<line x1="{plot.left}" x2="{plot.right}" y1="{plot.foot}" y2="{plot.foot}" '
        'stroke="var(--line)"/>'
        f'<text x="{plot.left}" y="{below}">{format_clock(plot.start_s)}</text>'
        f'<text x="{plot.right}" y="{below}" text-anchor="end">{format_clock(plot.end_s)}</text>'
    )


def _legend(plot: _Plot, names: Sequence[str]) -> str:
    """Two names a line."""
    return "".join(
        f'<text x="{plot.left + (i % 2) * 165:.0f}" y="{plot.foot + 24 + 12 * (i // 2):.0f}" '
        f'style="fill:var(--c{i})">{html.escape(name.replace("_", " "))}</text>'
        for i, name in enumerate(names)
    )


def _moments(event: EmotionEvent) -> list[tuple[str, float, str]]:
    """Name, time and side of its text, so that the three names do not run into each other."""
    spot = event.spot
    return [
        ("onset ", spot.onset_s, "end"),
        ("", spot.apex_s, "middle"),
        ("offset", spot.offset_s, "start"),
    ]


def _event_mark(event: EmotionEvent, x: tuple[float, float]) -> str:
    spot = event.spot
    y = 12 if spot.kind == "micro" else 40
    left = _LEFT + (spot.onset_s - x[0]) * x[1]
    width = max((spot.offset_s - spot.onset_s) * x[1], 2.0)
    title = f"{format_clock(spot.apex_s)} {spot.kind} {label(event)}, face {spot.face_id}"
    return (
        f'<rect class="{label(event)}" x="{left:.1f}" y="{y}" width="{width:.1f}" height="22" '
        f'fill="currentColor" rx="1"><title>{html.escape(title)}</title></rect>'
    )


def _coverage(view: SignalsView, width: float) -> str:
    """A strip that is full where a face was followed, and broken where none was."""
    parts = []
    for n, place in enumerate(view.bins):
        if place.frames == 0 or place.with_face == place.frames:
            continue
        share = 1.0 - place.with_face / place.frames
        parts.append(
            f'<rect x="{_LEFT + width * n:.1f}" y="134" width="{width:.2f}" height="10" '
            f'fill="var(--gap)" opacity="{max(share, 0.25):.2f}"/>'
        )
    whole = _WIDTH - _LEFT - _RIGHT
    full = f'<rect x="{_LEFT}" y="134" width="{whole}" height="10" fill="var(--gate)"/>'
    return full + "".join(parts)


def _axis(start_s: float, span_s: float, width: float) -> tuple[float, float]:
    """(start, pixels a second)."""
    return start_s, (width - _LEFT - _RIGHT) / span_s


def _ticks(duration_s: float) -> list[float]:
    step_s = next((s for s in _STEPS_S if duration_s / s <= 8), _STEPS_S[-1])
    return [step_s * n for n in range(math.floor(duration_s / step_s) + 1)]


def _tick(at_s: float, x: tuple[float, float], top: float, bottom: float) -> str:
    left = _LEFT + (at_s - x[0]) * x[1]
    clock = format_clock(at_s)
    text = clock[:-4] if clock.endswith("000") else clock[:-2]
    return (
        f'<line x1="{left:.1f}" x2="{left:.1f}" y1="{top}" y2="{bottom}" stroke="var(--line)"/>'
        f'<text x="{left:.1f}" y="{bottom + 13}" text-anchor="middle">{text}</text>'
    )


def _texts(rows: Sequence[tuple[float, str]]) -> str:
    return "".join(f'<text x="0" y="{y}">{html.escape(text)}</text>' for y, text in rows)


def _svg(width: float, height: float, body: str, title: str, kind: str = "") -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{title}">{body}</svg>'
    )
