"""Spotting scored over a data set as in the Micro-Expression Grand Challenge 2020.

A spotted interval counts when its intersection over union with a true one of the same kind is at
least 0.5, frames inclusive, each truth and each spot at most once (maximum matching). Counts are
summed over all videos, those without any movement included, before rates are taken: micro, macro,
and overall from the sums of both.

The rule "published" repeats the counting of older scripts and is only for comparison with them: TP
are the labels hit by any spot, FP the spots less TP. So a spot that hits two labels counts for
both, and takes a false spot away. The counts published for MDMD on the macro-expressions of
CAS(ME)2 (TP 109, FP 1414, FN 191) are such: 1,523 spots less 109 labels hit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from streamer.core.errors import UsageError
from streamer.core.records import Kind
from training.spotting.matching import SpotScore, match_intervals, overlap
from training.spotting.tables import SpotRow, kind_by_length

Rule = Literal["megc", "published"]
RULES: tuple[Rule, ...] = get_args(Rule)
KINDS: tuple[Kind, ...] = get_args(Kind)
INCLUSIVE = 1.0  # frames: an interval from 3 to 5 is three frames long


@dataclass(frozen=True, slots=True)
class Pair:
    """A truth and the spot that is matched with it."""

    truth: SpotRow
    spotted: SpotRow


@dataclass(frozen=True, slots=True)
class KindScore:
    """Counts and matched pairs of one kind, or of all."""

    score: SpotScore
    pairs: tuple[Pair, ...]
    truth: tuple[SpotRow, ...]
    spotted: tuple[SpotRow, ...]

    def __add__(self, other: KindScore) -> KindScore:
        return KindScore(
            self.score + other.score,
            self.pairs + other.pairs,
            self.truth + other.truth,
            self.spotted + other.spotted,
        )


@dataclass(frozen=True, slots=True)
class SetScore:
    """Scores of a data set; `micro` and `macro` are None where kinds are unknown."""

    micro: KindScore | None
    macro: KindScore | None
    overall: KindScore


def score_set(
    truth: Sequence[SpotRow],
    spotted: Sequence[SpotRow],
    least_iou: float = 0.5,
    rule: Rule = "megc",
) -> SetScore:
    """Scores all videos. Rows without a kind (in both tables or one) are matched regardless of it.

    Reversed intervals match nothing: as truths they are left out, as spots they are false.

    Raises:
        UsageError: some rows of a table have a kind and others none.
    """
    truth = [row for row in truth if not row.reversed]
    split = all([_with_kinds(truth, "truth"), _with_kinds(spotted, "predictions")])
    if not split:
        return SetScore(None, None, _score(truth, spotted, least_iou, rule))
    micro, macro = (
        _score(
            [row for row in truth if row.kind == kind],
            [row for row in spotted if row.kind == kind],
            least_iou,
            rule,
        )
        for kind in KINDS
    )
    return SetScore(micro, macro, micro + macro)


def give_kinds(rows: Iterable[SpotRow], fps: Mapping[str, float]) -> list[SpotRow]:
    """Rows without a kind get it by their length where the frame rate of their video is known."""
    return [
        replace(row, kind=kind_by_length(row, fps[row.video]))
        if row.kind is None and row.video in fps
        else row
        for row in rows
    ]


def _with_kinds(rows: Sequence[SpotRow], name: str) -> bool:
    without = [row for row in rows if row.kind is None]
    if without and len(without) < len(rows):
        where = without[0].source or without[0].video
        raise UsageError(
            f"the {name} give a kind in some rows and none in others ({where}): fill the column "
            "`kind`, or give the frame rate (--fps, or a column `fps`) to take it from the length"
        )
    return not without


def _score(
    truth: Sequence[SpotRow], spotted: Sequence[SpotRow], least_iou: float, rule: Rule
) -> KindScore:
    own, found = _by_video(truth), _by_video(spotted)
    total = SpotScore(0, 0, 0)
    pairs: list[Pair] = []
    for video in sorted(own.keys() | found.keys()):
        labels, spots = own.get(video, []), found.get(video, [])
        usable = [spot for spot in spots if not spot.reversed]
        matched = match_intervals(_intervals(labels), _intervals(usable), least_iou, INCLUSIVE)
        pairs += [Pair(labels[i], usable[j]) for i, j in matched]
        hits = len(matched)
        if rule == "published" and labels and usable:
            iou = overlap(_intervals(labels), _intervals(usable), INCLUSIVE) >= least_iou - 1e-9
            hits = int(iou.any(axis=1).sum())
        total += SpotScore(hits, len(spots) - hits, len(labels) - hits)
    return KindScore(total, tuple(pairs), tuple(truth), tuple(spotted))


def _by_video(rows: Sequence[SpotRow]) -> dict[str, list[SpotRow]]:
    videos: dict[str, list[SpotRow]] = {}
    for row in rows:
        videos.setdefault(row.video, []).append(row)
    return videos


def _intervals(rows: Sequence[SpotRow]) -> list[tuple[float, float]]:
    return [(row.onset, row.offset) for row in rows]
