"""`table.md`: our figures beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.common.markdown import grid, short
from training.spotting.people_table import NOTES as PEOPLE_NOTES
from training.spotting.people_table import people_tables


@dataclass(frozen=True, slots=True)
class PublishedSpotter:
    """F1 of macro, micro and all on the two long-video sets; "" where none was printed."""

    method: str
    casme_sq: tuple[str, str, str]
    samm_lv: tuple[str, str, str] = ("", "", "")


ROWS: tuple[PublishedSpotter, ...] = (
    PublishedSpotter("MDMD baseline 2020", (".120", ".008", ".038"), (".063", ".036", ".045")),
    PublishedSpotter("SOFTNet 2021", (".241", ".117", ".202"), (".217", ".152", ".188")),
    PublishedSpotter("He 2021, no learning", (".378", ".197", ".344"), (".415", ".216", ".364")),
    PublishedSpotter("MTSN 2022", (".410", ".081", ".362"), (".346", ".088", ".287")),
    PublishedSpotter(
        "AUW-GCN 2023 (epoch picked on test)", (".424", ".154", ".383"), (".429", ".198", ".373")
    ),
    PublishedSpotter("Zhao 2022 revised", (".472", ".252", ".444")),
)
COLUMNS: Mapping[str, str] = {"casme_sq": "CAS(ME)2", "samm_lv": "SAMM-LV"}

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
    title = f"# Spotting, {results['dataset']}: {size}"
    if all("people" in facts for facts in results["spotters"].values()):
        return "\n".join([title, "", *people_tables(results["spotters"]), *PEOPLE_NOTES, ""])
    rows = [_row(name, facts) for name, facts in results["spotters"].items()]
    lines = [title, "", *grid(_HEAD, rows)]
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
