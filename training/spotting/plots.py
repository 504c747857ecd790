"""The timeline of one recording: motion, gates, truth and what each spotter found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from training.common.plots import save_figure
from training.spotting.observation import Observation
from training.spotting.tables import SpotRow

_COLOURS = {"micro": "tab:red", "macro": "tab:blue"}
_MINUTE_IN = 12.0  # width of a minute, inches
_WIDEST_IN = 60.0


def draw_timeline(observation: Observation, truth: Sequence[SpotRow], path: Path) -> Path:
    """A PNG: the largest region motion over time, gated stretches grey, intervals as bars."""
    lanes = ["truth", *observation.runs]
    width = min(max(8.0, observation.seconds / 60 * _MINUTE_IN), _WIDEST_IN)
    figure = Figure(figsize=(width, 3.2 + 0.3 * len(lanes)), layout="constrained")
    heights = [2.4, 0.35 * len(lanes) + 0.2]
    motion, bars = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    _draw_motion(motion, observation)
    _draw_lane(bars, 0, truth, observation)
    for lane, run in enumerate(observation.runs.values(), start=1):
        _draw_lane(bars, lane, [f.row(observation.video) for f in run.found], observation)
    bars.set_yticks(range(len(lanes)), lanes)
    bars.set_ylim(len(lanes) - 0.4, -0.6)
    bars.set_xlabel("time (s); red: micro, blue: macro, line: apex")
    bars.set_xlim(0, observation.seconds)
    return save_figure(figure, path, dpi=100)


def _draw_motion(axes: Any, observation: Observation) -> None:
    if observation.curve:
        times, moved = zip(*observation.curve, strict=True)
        axes.plot(times, moved, lw=0.6, color="black")
    for start_s, end_s in _stretches(observation):
        axes.axvspan(start_s, end_s, color="0.85", lw=0)
    axes.set(ylabel="largest motion (IOD)", title=observation.video)


def _stretches(observation: Observation) -> list[tuple[float, float]]:
    """Gated frames joined where they follow each other."""
    frame_s = 1.5 / observation.fps
    joined: list[list[float]] = []
    for time_s, _ in observation.gated:
        if joined and time_s - joined[-1][1] <= frame_s:
            joined[-1][1] = time_s
        else:
            joined.append([time_s, time_s])
    return [(start, max(end, start + frame_s)) for start, end in joined]


def _draw_lane(axes: Any, lane: int, rows: Sequence[SpotRow], observation: Observation) -> None:
    first, fps = observation.first_frame, observation.fps
    for row in rows:
        start_s, end_s = (row.onset - first) / fps, (row.offset - first) / fps
        colour = _COLOURS[row.kind or "micro"]
        axes.barh(lane, end_s - start_s, left=start_s, height=0.6, color=colour, alpha=0.6)
        if row.apex is not None:
            axes.vlines((row.apex - first) / fps, lane - 0.3, lane + 0.3, color="black", lw=0.8)
