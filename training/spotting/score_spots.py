"""`mer-train score-spots`: anybody's predictions scored against anybody's truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from streamer.core.errors import SourceFormatError, UsageError
from streamer.core.ranges import FrameRate, Range, check_ranges
from training.spotting.analysis import set_facts
from training.spotting.megc import RULES, give_kinds, score_set
from training.spotting.tables import SpotTable, read_spots, read_videos


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """The options of the command."""

    truth: Path
    pred: Path
    videos: Path | None = None
    iou: Annotated[float, Range(1e-6, 1.0)] = 0.5
    rule: str = "megc"
    fps: FrameRate | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        check_ranges(self)


def score_files(request: ScoreRequest) -> dict[str, Any]:
    """One JSON object: the rule, the videos, scores per kind and overall, warnings.

    What looks wrong but can be scored is listed in `warnings`; with `strict` it is refused:
    a video that is in no list, an interval that ends before it begins, an empty file.

    Raises:
        UsageError: an option out of range, kinds given in part only.
        SourceNotFoundError, SourceFormatError: a table is missing or broken, or `strict` refuses.
    """
    if request.rule not in RULES:
        raise UsageError(f"--rule {request.rule!r}: choose {' or '.join(RULES)}")
    truth, pred = read_spots(request.truth), read_spots(request.pred)
    listed = read_videos(request.videos) if request.videos is not None else None
    warnings = [*_odd(truth, pred), *_unknown(truth, pred, listed)]
    if warnings and request.strict:
        raise SourceFormatError(f"--strict refuses: {warnings[0]}{_more(warnings)}")
    seen = {row.video for row in (*truth.rows, *pred.rows)} | set(listed or {})
    fps = _rates(seen, request.fps, (pred.fps, truth.fps, listed or {}))
    score = score_set(
        give_kinds(truth.rows, fps),
        give_kinds(pred.rows, fps),
        request.iou,
        request.rule,
    )
    if score.micro is None:
        warnings.append(
            "kinds are unknown, so micro and macro are not distinguished: give a column `kind`, or "
            "the frame rate (--fps, or a column `fps`)"
        )
    return {
        "rule": request.rule if request.rule == "megc" else "published (labels hit)",
        "iou": request.iou,
        "videos": len(seen),
        "videos_without_truth": len(seen - {row.video for row in truth.rows}),
        **set_facts(score, fps),
        "warnings": warnings,
    }


def _rates(
    videos: Iterable[str], default: float | None, tables: Iterable[Mapping[str, float | None]]
) -> dict[str, float]:
    """Frame rate by video: later tables go before earlier ones, all before the option."""
    rates = dict.fromkeys(videos, default)
    for table in tables:
        rates.update({video: fps for video, fps in table.items() if fps is not None})
    return {video: fps for video, fps in rates.items() if fps is not None}


def _odd(truth: SpotTable, pred: SpotTable) -> list[str]:
    found = [
        f"{table.name} is empty: it has not even a header"
        for table in (truth, pred)
        if table.empty_file
    ]
    for table, becomes in ((truth, "left out"), (pred, "counted as false")):
        found += [
            f"{row.source}: offset {row.offset:g} is before onset {row.onset:g}: {becomes}"
            for row in table.rows
            if row.reversed
        ]
    return found


def _unknown(
    truth: SpotTable, pred: SpotTable, listed: Mapping[str, float | None] | None
) -> list[str]:
    """Videos that nobody announced: most likely misspelt, and then truths are missed twice."""
    if listed is None:
        known, where = {row.video for row in truth.rows}, "the truth; list it with --videos"
        rows = pred.rows
    else:
        known, where, rows = set(listed), "--videos; correct one of them", truth.rows + pred.rows
    unknown = dict.fromkeys(row.video for row in rows if row.video not in known)
    return [f"video {video!r} is not in {where}; its rows are counted" for video in unknown]


def _more(warnings: list[str]) -> str:
    return f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
