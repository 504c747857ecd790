"""The index of a batch: all recordings with their figures, and those that failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from streamer.outputs.no_faces import no_face_line
from streamer.outputs.report.page import NAME
from streamer.outputs.report.templates import file_name, folder_name, markup, render_page, text
from streamer.outputs.summary import RunRecord
from streamer.outputs.terminal import format_clock

_HEAD = (
    "recording", "length", "micro", "a minute", "macro", "faces", "upper judged",
    "lower judged", "notes",
)  # fmt: skip
_MANY = 0.5  # of the frames without a face: the index says why


def index_page(records: Sequence[RunRecord]) -> bytes:
    """The whole document."""
    done = [record for record in records if not record.failed]
    minutes = sum(record.duration_s for record in done) / 60.0
    micro = sum(record.micro for record in done)
    twice = Counter(file_name(record.name) for record in done)
    figures = (
        (len(done), "recordings"),
        (len(records) - len(done), "failed"),
        (f"{minutes / 60.0:.2f} h", "in all"),
        (micro, "micro-expressions"),
        (f"{micro / max(minutes, 1e-9):.1f}", "micro a minute"),
        (sum(record.macro for record in done), "macro events"),
        *_judged_figures(done),
    )
    return render_page(
        "index.html",
        "mer-batch",
        figures=figures,
        failed=[record.error or "failed" for record in records if record.failed],
        head=_HEAD,
        rows=[_row(record, twice[file_name(record.name)] > 1) for record in done],
        right=range(1, 8),
    )


def _row(record: RunRecord, twice: bool) -> list[Any]:
    """twice: another recording has a file of this name, so the folder is told too."""
    name, folder = file_name(record.name), quote(record.folder)
    link = markup('<a href="{}/{}" title="{}">{}</a>', folder, NAME, record.name, name)
    whole = markup('<br><span class="soft">{}</span>', folder_name(record.name)) if twice else ""
    return [
        markup('<span class="name">{}{}</span>', link, whole),
        format_clock(record.duration_s)[:-4],
        record.micro,
        f"{record.micro_a_minute:.1f}",
        record.macro,
        record.faces,
        _percent(record.upper_judged),
        _percent(record.lower_judged),
        _notes(record),
    ]


def _judged_figures(records: Sequence[RunRecord]) -> list[tuple[object, str]]:
    """The shares of all recordings' time together."""
    covered = [record.coverage for record in records if record.coverage is not None]
    time_s = sum(one.time_s for one in covered)
    if not time_s:
        return []
    upper_s = sum(one.any_face.upper.judged_s for one in covered)
    lower_s = sum(one.any_face.lower.judged_s for one in covered)
    return [
        (f"{upper_s / time_s:.0%}", "of the time, upper face judged"),
        (f"{lower_s / time_s:.0%}", "of the time, lower face judged"),
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _notes(record: RunRecord) -> str:
    """What the figures of the row do not say."""
    parts = []
    if record.truncated:
        parts.append(markup('<span class="bad">cut short</span>'))
    without = record.frames - record.frames_with_face
    if without > _MANY * record.frames:
        line = no_face_line(record.no_face, without, record.frames)
        parts.append(text(line or f"no face in {without / record.frames:.0%} of the frames"))
    elif record.coverage is not None and record.coverage.is_low:
        parts.append(text("little could be judged"))
    return markup("; ").join(parts)
