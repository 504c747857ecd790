"""The index of a batch: all recordings with their figures, and those that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from streamer.outputs.report.page import NAME
from streamer.outputs.report.templates import markup, render_page
from streamer.outputs.summary import RunRecord
from streamer.outputs.terminal import format_clock

_HEAD = ("recording", "length", "micro", "a minute", "macro", "faces", "with a face", "notes")


def index_page(records: Sequence[RunRecord]) -> bytes:
    """The whole document."""
    done = [record for record in records if not record.failed]
    minutes = sum(record.duration_s for record in done) / 60.0
    micro = sum(record.micro for record in done)
    figures = (
        (len(done), "recordings"),
        (len(records) - len(done), "failed"),
        (f"{minutes / 60.0:.2f} h", "in all"),
        (micro, "micro-expressions"),
        (f"{micro / max(minutes, 1e-9):.1f}", "micro a minute"),
        (sum(record.macro for record in done), "macro events"),
    )
    return render_page(
        "index.html",
        "mer-batch",
        figures=figures,
        failed=[record.error or "failed" for record in records if record.failed],
        head=_HEAD,
        rows=[_row(record) for record in done],
        right=range(1, 7),
    )


def _row(record: RunRecord) -> list[Any]:
    return [
        markup('<a href="{}/{}">{}</a>', quote(record.folder), NAME, record.name),
        format_clock(record.duration_s)[:-4],
        record.micro,
        f"{record.micro_a_minute:.1f}",
        record.macro,
        record.faces,
        f"{record.face_share:.0%}",
        markup('<span class="bad">cut short</span>') if record.truncated else "",
    ]
