"""The tables of spotters on real recordings, from what `people_facts` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.common.markdown import grid, short

_HEAD = (
    "spotter", "recordings", "people", "visible", "F1", "95 %", "recall", "false in them",
    "F1, upper face at 0.05 IOD", "apex, median", "false / min, untouched",
)  # fmt: skip
NOTES = (
    "Real recordings with injected micro-expressions; one to one at IoU 0.5. What the person's own "
    "movement hid (by a rule on the face mesh that knows no spotter) counts nowhere but in the "
    "table of hidden ones.  ",
    "95 %: percentile bootstrap over people. Converted frame rates (repeated pictures) and "
    "variants are not in `all`.  ",
    "False events a minute: in the same recordings without injections, those that may hold a posed "
    "expression left out.  ",
    "Upper face: brows and lids alone; false ones are those whose strongest region is there.  ",
)


def people_tables(spotters: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown: by motion and variant, by strength, and what was hidden."""
    rows = [
        [name, *_row(group, facts)]
        for name, one in spotters.items()
        for group, facts in one["people"]["groups"].items()
    ]
    lines = [*grid(_HEAD, rows), ""]
    first = next(iter(spotters.values()))["people"]
    if first["recall"]:
        head = ["recall", *(f"{key} IOD (n = {of['n']})" for key, of in first["recall"].items())]
        recall = [
            [name, *(short(of["recall"], 2) for of in one["people"]["recall"].values())]
            for name, one in spotters.items()
        ]
        lines += [*grid(head, recall), ""]
    if first["hidden"]:
        head = [
            "found all the same",
            *(f"{key} (n = {of['n']})" for key, of in first["hidden"].items()),
        ]
        hidden = [
            [name, *(str(of["found"]) for of in one["people"]["hidden"].values())]
            for name, one in spotters.items()
        ]
        lines += [*grid(head, hidden), ""]
    return lines


def _row(group: str, facts: Mapping[str, Any]) -> list[str]:
    visible, upper = facts["visible"], facts["upper_strong"]
    apex = facts["apex_median_frames"]
    late = facts["apex_median_ms"]
    return [
        group,
        str(facts["persons"]),
        str(visible["n"]),
        short(visible["f1"], 2) if visible["n"] else "-",
        _between(visible.get("f1_95")),
        short(visible["recall"], 2) if visible["n"] else "-",
        str(visible["fp"]),
        f"{short(upper['f1'], 2)} (n = {upper['n']})" if upper["n"] else "-",
        "-" if apex is None or late is None else f"{apex:.1f} frames, {late:.0f} ms",
        _rate(facts),
    ]


def _rate(facts: Mapping[str, Any]) -> str:
    if facts["false_per_minute"] is None:
        return "-"
    count = f"{facts['false_untouched']} in {facts['untouched_minutes']:.1f} min"
    return f"{facts['false_per_minute']:.1f} ({count})"


def _between(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else f"{short(interval[0], 2)} to {short(interval[1], 2)}"
