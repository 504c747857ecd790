"""The pictures of docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from training.common.plots import save_figure

_DPI = 110
# Percentiles that are kept of many values: finer at the end, where it matters.
PLACES = [*np.linspace(0, 90, 46), *np.linspace(90.2, 99, 45), *np.linspace(99.02, 100, 50)]


def plot_memory(facts: Mapping[str, Any], target: Path) -> Path:
    """Memory with its straight line, threads and descriptors, over hours of the stream."""
    samples = facts["samples"]
    hours = np.array([sample["stream_s"] for sample in samples]) / 3600.0
    figure = Figure(figsize=(8, 5.2), layout="constrained")
    memory, counts = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    memory.plot(hours, [sample["rss_mb"] for sample in samples], linewidth=1.2, label="resident")
    memory.axhline(facts["limit_mb"], color="tab:red", linewidth=1, linestyle="--")
    memory.annotate(
        f"limit {facts['limit_mb']:.0f} MB", (0, facts["limit_mb"]), fontsize=9, va="bottom"
    )
    memory.set_ylim(0, 1.2 * max(facts["limit_mb"], facts["peak_mb"]))
    memory.set_ylabel("memory, MB")
    memory.set_title(
        f"slope after the warm-up {facts['slope_mb_per_hour']:+.1f} ± "
        f"{facts['slope_error_mb_per_hour']:.1f} MB an hour of the stream (95 %)",
        fontsize=10,
    )
    memory.axvspan(0, facts["after_warm_up"]["stream_s"] / 3600.0, color="grey", alpha=0.15)
    memory.annotate("warm-up", (0, 20), fontsize=9, color="grey")
    for key, label in (("threads", "threads"), ("descriptors", "descriptors")):
        counts.plot(hours, [sample[key] for sample in samples], linewidth=1.2, label=label)
    counts.set_ylim(bottom=0)
    counts.set_xlabel("hours of the stream")
    counts.legend(loc="lower right", fontsize=9)
    return save_figure(figure, target, _DPI)


def plot_latency(facts: Mapping[str, Any], limit_ms: float, target: Path) -> Path:
    """Share of the pictures that come later than so many ms, one line a run."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    later = 100.0 - np.array(PLACES)
    for name, delays_ms in facts["delays_ms"].items():
        axes.plot(delays_ms, np.maximum(later, 1e-2), label=name, linewidth=1.5)
    axes.axvline(limit_ms, color="tab:red", linewidth=1, linestyle="--")
    axes.annotate(f"{limit_ms:.0f} ms ", (limit_ms, 30), fontsize=9, color="tab:red", ha="right")
    axes.axhline(1.0, color="grey", linewidth=0.8, linestyle=":")
    place = axes.get_yaxis_transform()
    axes.annotate("1 %", (1.005, 1.0), xycoords=place, fontsize=8, color="grey", va="center")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1e-2, 100)
    axes.set_xlabel("milliseconds from when the picture was due to its result")
    axes.set_ylabel("% of the pictures that come later")
    axes.legend(fontsize=9)
    axes.grid(alpha=0.3, which="both", linewidth=0.5)
    return save_figure(figure, target, _DPI)


def plot_growth(facts: Mapping[str, Any], target: Path) -> Path:
    """Log-log: seconds against length, resolution, rate, faces, streams, with the fitted lines."""
    growths = facts["growth"]
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    places = figure.subplots(2, 3).ravel()
    for axes, (name, growth) in zip(places, growths.items(), strict=False):
        _plot_one(axes, name, growth)
    for axes in places[len(growths) :]:
        axes.axis("off")
    return save_figure(figure, target, _DPI)


def _plot_one(axes: Any, name: str, growth: Mapping[str, Any]) -> None:
    points = growth["points"]
    lines = (
        ("seconds", "whole pipeline", "tab:blue", "o"),
        ("decode_s", "decoding alone", "grey", "s"),
    )
    for key, label, colour, mark in lines:
        found = [(point["x"], seconds) for point in points for seconds in point.get(key, [])]
        if not found:
            continue
        x, y = np.array(found).T
        axes.plot(x, y, mark, markersize=4, color=colour, alpha=0.6, label=label)
        fit = growth["fit"] if key == "seconds" else growth["decode_fit"]
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, np.exp(fit["start"]) * ends ** fit["slope"], color=colour, linewidth=1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([point["x"] for point in points], [point["label"] for point in points])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(growth["unit"])
    axes.set_ylabel(growth["of"])
    fit = growth["fit"]
    axes.set_title(f"{name}: exponent {fit['slope']:.2f} ± {fit['error']:.2f}", fontsize=10)
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.legend(fontsize=8)


def plot_peers(facts: Mapping[str, Any], target: Path) -> Path:
    """Milliseconds a frame on a log axis, each method as a point away from the bound."""
    methods = facts["methods"]
    names = list(methods)[::-1]
    bound_ms = methods["decoding alone"]["ms"]
    figure = Figure(figsize=(8, 0.42 * len(names) + 1.2), layout="constrained")
    axes = figure.subplots()
    axes.axvline(bound_ms, color="grey", linewidth=1, linestyle=":")
    for place, name in enumerate(names):
        one = methods[name]
        colour = "tab:blue" if name.startswith("mer-stream") else "dimgrey"
        axes.hlines(place, bound_ms, one["ms"], color=colour, linewidth=2)
        axes.plot(one["ms"], place, "o", color=colour)
        text = f"   {one['ms']:.2f} ms ({one['of_decoding']:.1f} x)"
        axes.annotate(text, (one["ms"], place), va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.set_xscale("log")
    axes.set_xlim(
        0.7 * min(one["ms"] for one in methods.values()),
        12 * max(one["ms"] for one in methods.values()),
    )
    axes.set_xlabel("milliseconds a frame, decoding included (times decoding alone)")
    axes.grid(axis="x", alpha=0.3, linewidth=0.5)
    return save_figure(figure, target, _DPI)
