"""docs/reliability.md from a result: the fault matrix, the attacks, the run on live input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.page_section import write_section
from benchmarks.reliability.plot import WHOLE_SLOPES_S, plot_soak
from benchmarks.reliability.promises import ROOT

DOCS = ROOT / "docs" / "reliability.md"
PLOT = "reliability-soak.png"
_PARTS = {
    "media": "damaged recordings",
    "names": "hostile file names",
    "urls": "odd URLs with secrets",
    "yaml": "odd settings",
    "faults": "faults",
    "soak": "live input with random faults",
}
_PERCENTILES = {"p50": "median", "p90": "90 %", "p95": "95 %", "p99": "99 %", "p100": "at most"}


def write_page(result: dict[str, Any], docs: Path = DOCS) -> list[str]:
    """Replace the generated sections for the parts that the result holds; returns their names.

    The figures lie beside the page as JSON, without the broken cases, which name temporary files.
    """
    parts, written = result["parts"], []
    write_section(docs, "overview", overview(result))
    written.append("overview")
    if "faults" in parts:
        write_section(docs, "faults", matrix(result))
        written.append("faults")
    if "media" in parts:
        write_section(docs, "media", media(result))
        written.append("media")
    if "soak" in parts:
        write_section(docs, "soak", soak(result))
        plot_soak(parts["soak"]["facts"], docs.with_name(PLOT))
        written.append("soak")
    kept = {"parts": {name: part | {"failures": []} for name, part in parts.items()}}
    text = json.dumps(result | kept, separators=(",", ":")) + "\n"
    docs.with_suffix(".json").write_text(text, encoding="utf-8")
    return written


def made_by(result: dict[str, Any]) -> str:
    """The line that every section begins with."""
    return (
        f"Made by `{result['command']}` on {result['date']} ({result['machine']}; seed "
        f"{result['seed']})."
    )


def overview(result: dict[str, Any]) -> str:
    """One row per part."""
    rows = [
        f"| {_PARTS[name]} (`--only {name}`) | {part['cases']} | {part['broken']} | "
        f"{part['wall_s']:.0f} |"
        for name, part in result["parts"].items()
    ]
    return "\n".join(
        [
            made_by(result),
            "",
            "| part | cases | promises broken | seconds |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def matrix(result: dict[str, Any]) -> str:
    """One row per fault."""
    lines = [
        made_by(result),
        "",
        "| fault | promised | measured | events lost | tests |",
        "|---|---|---|---|---|",
    ]
    for row in result["parts"]["faults"]["facts"]["rows"]:
        lost = row["events_lost"]
        events = "" if lost is None else f"{lost} of {row['events_expected']}"
        tests = ", ".join(f"`{name}`" for name in row["tests"] or ())
        measured = row["measured"] if row["held"] else f"**not held**: {row['measured']}"
        lines.append(f"| {row['fault']} | {row['promise']} | {measured} | {events} | {tests} |")
    return "\n".join(lines)


def media(result: dict[str, Any]) -> str:
    """What became of the damaged recordings."""
    facts = result["parts"]["media"]["facts"]
    read, command = facts["outcomes"]["read"], facts["outcomes"]["command"]
    through = facts["through_mer_stream"]
    return (
        f"{made_by(result)}\n\n"
        f"{facts['mutants']} mutants, each read in a process of its own with limits of "
        f"{facts['time_limit_s']:.0f} s and {facts['memory_limit_mb']:.0f} MB: {_counts(read)}.\n"
        f"{through} of them ({through / max(1, facts['mutants']):.0%}) also through `mer-stream`, "
        f"faces and spotting included: {_counts(command)}."
    )


def soak(result: dict[str, Any]) -> str:
    """The figures of the run on live input, and its picture."""
    facts = result["parts"]["soak"]["facts"]
    events, late = facts["events"], facts["latency_s"]
    faults = ", ".join(f"{kind} ({count})" for kind, count in facts["faults"].items())
    lines = [
        made_by(result),
        "",
        f"![memory, descriptors, threads and latency over the run]({PLOT})",
        "",
        "| | |",
        "|---|---|",
        f"| live input | {facts['seconds'] / 60:.0f} min, {facts['frames']} frames analysed |",
        f"| faults | {sum(facts['faults'].values())}: {faults} |",
        f"| reconnects | {facts['reconnects']} |",
        f"| frames dropped | {facts['dropped']} |",
        f"| movements no fault touched | {events['clean_found']} of {events['clean_expected']} "
        "found |",
        f"| all movements, those during a fault included | {events['found']} of "
        f"{events['expected']} found, {events['right_emotion']} with the right emotion |",
        f"| events that nobody made | {events['made_up']}, {events['unexplained']} of them away "
        "from any fault |",
        "| from the apex frame being sent to the line being there | "
        + ", ".join(f"{_PERCENTILES[name]} {value:.2f} s" for name, value in late.items())
        + " |",
        f"| processor | {facts['cpu_share']:.2f} cores |",
    ]
    for key, label in (
        ("rss_mb", "memory, MB"), ("descriptors", "descriptors"), ("threads", "threads"),
    ):  # fmt: skip
        slope = facts["slope_per_hour"][key]
        tail = ""
        if slope is not None and facts["seconds"] >= WHOLE_SLOPES_S:
            tail = f", slope {slope:+.2f} per hour"
        lines.append(
            f"| {label} | {facts['peak'][key]:g} at most, {facts['growth'][key]:+g} from the "
            f"second fifth to the last{tail} |"
        )
    return "\n".join(lines)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
