"""`table.md`: our figures beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.spotting.published import COLUMNS, ROWS

_HEAD = (
    "spotter", "F1 macro", "F1 micro", "F1 all", "precision micro", "recall micro",
    "false micro / min", "apex median", "ASR", "STRS micro", "known after offset", "ms / frame",
)  # fmt: skip


def make_table(results: Mapping[str, Any]) -> str:
    """Markdown of a results.json."""
    size = (
        f"{results['recordings']} recordings ({results['recordings_without_truth']} without any "
        f"movement), {results['minutes']:.1f} minutes, {results['true_micro']} micro and "
        f"{results['true_macro']} macro movements"
    )
    rows = [_row(name, facts) for name, facts in results["spotters"].items()]
    lines = [f"# Spotting, {results['dataset']}: {size}", "", *grid(_HEAD, rows)]
    by_strength = _strengths(results["spotters"])
    if by_strength:
        lines += ["", *by_strength]
    if results["dataset"] in COLUMNS:
        lines += ["", *_published(results)]
    return "\n".join([*lines, "", *_NOTES, ""])


_NOTES = (
    "F1 as in MEGC 2020: one to one at IoU 0.5, inclusive frames, counts summed over all "
    "recordings.  ",
    "False micro events per minute are over all recordings, and in brackets over those without "
    "any true movement.  ",
    "ASR: share of all true movements whose match has its apex strictly inside; STRS: F1 of "
    "spotting times the harmonic mean of macro precision and recall of the emotion.  ",
    "A spotter without a time under `known after offset` needs the whole recording first.  ",
)


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def short(value: float | None, digits: int = 3) -> str:
    """.123, or a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}".removeprefix("0")


def _row(name: str, facts: Mapping[str, Any]) -> list[str]:
    micro = facts["micro"]
    apex, late = micro.get("apex"), facts["known_after_offset_s"]
    quiet = facts["false_micro_per_minute_quiet"]
    false = f"{facts['false_micro_per_minute']:.1f}" + (
        f" ({quiet:.1f})" if quiet is not None else ""
    )
    return [
        name,
        *(short(facts[kind]["f1"]) for kind in ("macro", "micro", "overall")),
        short(micro["precision"]),
        short(micro["recall"]),
        false,
        "-" if apex is None or apex["median_ms"] is None else f"{apex['median_ms']:.0f} ms",
        "-" if apex is None else short(apex["asr"]),
        short(micro.get("strs")),
        "-" if late is None else f"{late['median']:.2f} s, at most {late['max']:.2f} s",
        f"{facts['wall_ms_per_frame']:.2f}",
    ]


def _strengths(spotters: Mapping[str, Any]) -> list[str]:
    """Recall by the strength of the injected motion, where it is known."""
    first = next(iter(spotters.values()))["recall_by_strength_iod"]
    if not first:
        return []
    head = ["recall at", *(f"{s} IOD (n = {facts['n']})" for s, facts in first.items())]
    rows = [
        [name, *(short(part["recall"]) for part in facts["recall_by_strength_iod"].values())]
        for name, facts in spotters.items()
    ]
    return grid(head, rows)


def _published(results: Mapping[str, Any]) -> list[str]:
    column = results["dataset"]
    rows = [
        [name, *(short(facts[kind]["f1"]) for kind in ("macro", "micro", "overall"))]
        for name, facts in results["spotters"].items()
    ]
    rows += [[f"{row.method}, as printed", *getattr(row, column)] for row in ROWS]
    return grid(["F1, " + COLUMNS[column], "macro", "micro", "all"], rows)
