"""The long run as a picture: memory, descriptors, threads, and how late the events came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WHOLE_SLOPES_S = 600  # a slope per hour of a shorter run says nothing


def plot_soak(facts: dict[str, Any], target: Path) -> None:
    """Write a PNG. facts: those of the soak part."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    samples = facts["samples"]
    start_s = samples[0]["time_s"] if samples else 0.0
    unit, name = (60.0, "minutes") if facts["seconds"] > 300 else (1.0, "seconds")
    times = [(sample["time_s"] - start_s) / unit for sample in samples]
    figure, axes = plt.subplots(4, 1, figsize=(9, 8.5), sharex=True, layout="constrained")
    rows = (
        ("rss_mb", "memory, MB", 0.0),
        ("descriptors", "descriptors", 0),
        ("threads", "threads", 0),
    )
    for axis, (key, label, lowest) in zip(axes, rows, strict=False):
        axis.plot(times, [sample[key] for sample in samples], linewidth=1.0)
        axis.set_ylim(lowest, 1.2 * max((sample[key] for sample in samples), default=1.0))
        slope = facts["slope_per_hour"][key]
        axis.set_ylabel(label)
        if slope is not None and facts["seconds"] >= WHOLE_SLOPES_S:
            axis.set_title(f"slope after the first fifth: {slope:+.2f} per hour", fontsize=9)
    late = facts["latencies"]
    axes[3].plot([at / unit for at, _ in late], [s for _, s in late], ".", markersize=4)
    for percentile in ("p50", "p95", "p99"):
        if percentile in facts["latency_s"]:
            value = facts["latency_s"][percentile]
            axes[3].axhline(value, linewidth=0.8, color="black", alpha=0.5)
            axes[3].annotate(f"{percentile} {value:.2f} s", (0, value), fontsize=8, va="bottom")
    axes[3].set_ylim(0, 1.2 * max((s for _, s in late), default=1.0))
    axes[3].set_ylabel("apex to event, s")
    axes[3].set_xlabel(f"{name} of live input; grey: a fault")
    for axis in axes:
        for begin_s, end_s, _ in facts["windows"]:
            axis.axvspan(begin_s / unit, end_s / unit, color="grey", alpha=0.2, linewidth=0)
    figure.savefig(target, dpi=110)
    plt.close(figure)
