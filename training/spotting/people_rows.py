"""The tables of a set of real recordings: what is told of each video and of each event in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streamer.outputs.cells import safe_cell
from training.common.files import write_text
from training.people.bases import Base
from training.people.events import side_of
from training.people.head import Head
from training.people.variants import Showing, Variant
from training.people.visibility import own_motion
from training.spotting.people_facts import Content
from training.spotting.synthetic_set import TRUTH, VIDEO_FIELDS, VIDEOS
from training.synthetic.scene import Injection
from training.synthetic.video import TRUTH_FIELDS

PEOPLE_TRUTH_FIELDS = (
    *TRUTH_FIELDS, "fps", "side", "hidden", "injected_iod", "own_range_iod", "own_bump_iod",
    "turn_deg",
)  # fmt: skip
PEOPLE_VIDEO_FIELDS = (
    *VIDEO_FIELDS, "person", "base", "motion", "train", "variant", "converted",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PeopleTake:
    """One recording to be made: of the `number`-th base of a person."""

    base: Base
    number: int
    variant: Variant
    content: Content

    @property
    def stem(self) -> str:
        """The person and the number of the base."""
        return f"{self.base.person}-{self.number}"

    def name(self, showing: Showing) -> str:
        """Of the file."""
        return f"{self.stem}_{showing.fps:g}fps_{self.variant}_{self.content}.mp4"


def truth_row(
    name: str, event: Injection, head: Head, showing: Showing, start_s: float
) -> dict[str, object]:
    """Times are those of the file: a stamp that came late is late for the truth as well."""
    aus = [unit.au for unit in event.activations]
    own = own_motion(event, head)
    row: dict[str, object] = {"video": safe_cell(name)}
    for what in ("onset", "apex", "offset"):
        true_s = getattr(event, f"{what}_s") - start_s
        row[what] = int(np.abs(showing.true_s - true_s).argmin())
        row[f"{what}_s"] = f"{np.interp(true_s, showing.true_s, showing.stamp_s):.4f}"
    return row | {
        "kind": event.kind,
        "emotion": event.emotion,
        "aus": "+".join(aus),
        "strength_iod": event.strength_iod,
        "during": "",
        "fps": f"{showing.fps:g}",
        "side": side_of(event),
        "hidden": own.hides(set(aus)),
        "injected_iod": f"{own.injected_iod:.4f}",
        "own_range_iod": f"{own.range_iod:.4f}",
        "own_bump_iod": f"{own.bump_iod:.4f}",
        "turn_deg": f"{own.turn_deg:.1f}",
    }


def video_row(name: str, take: PeopleTake, showing: Showing, seed: int) -> dict[str, object]:
    return {
        "video": safe_cell(name),
        "fps": f"{showing.fps:g}",
        "seconds": f"{showing.true_s[-1] + 1.0 / showing.fps:.3f}",
        "content": take.content,
        "portrait": take.base.person,
        "seed": seed,
        "person": take.base.person,
        "base": safe_cell(take.base.path.name),
        "motion": take.base.motion,
        "train": "yes" if take.base.train else "no",
        "variant": take.variant,
        "converted": "yes" if take.base.converted else "no",
    }


def rows_path(output: Path, take: PeopleTake) -> Path:
    return output / "rows" / f"{take.stem}_{take.variant}_{take.content}.csv"


def write_rows(
    output: Path, take: PeopleTake, video: dict[str, Any], truth: list[dict[str, Any]]
) -> None:
    """The row of a video (or none) and the rows of its truth, one table below the other."""
    text = _table(PEOPLE_VIDEO_FIELDS, [video] if video else [])
    write_text(rows_path(output, take), f"{text}\n{_table(PEOPLE_TRUTH_FIELDS, truth)}")


def write_tables(output: Path, takes: Sequence[PeopleTake]) -> None:
    videos: list[dict[str, Any]] = []
    truth: list[dict[str, Any]] = []
    for take in takes:
        text = rows_path(output, take).read_text(encoding="utf-8")
        for rows, part in zip((videos, truth), text.split("\n\n", 1), strict=True):
            rows += csv.DictReader(io.StringIO(part))
    write_text(output / TRUTH, _table(PEOPLE_TRUTH_FIELDS, truth))
    write_text(output / VIDEOS, _table(PEOPLE_VIDEO_FIELDS, videos))


def _table(fields: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, fields, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
