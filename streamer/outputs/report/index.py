"""The index of a batch: all recordings with their figures, and those that failed."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from streamer.outputs.report.html import figure, page, table, text
from streamer.outputs.report.page import NAME
from streamer.outputs.summary import RunRecord
from streamer.outputs.text import format_clock

_HEAD = ["recording", "length", "micro", "a minute", "macro", "faces", "with a face", "notes"]


def index_page(rows: Sequence[RunRecord]) -> str:
    """The whole document."""
    done = [row for row in rows if not row.failed]
    failed = [row for row in rows if row.failed]
    minutes = sum(row.duration_s for row in done) / 60.0
    micro = sum(row.micro for row in done)
    cards = [
        figure(len(done), "recordings"),
        figure(len(failed), "failed"),
        figure(f"{minutes / 60.0:.2f} h", "in all"),
        figure(micro, "micro-expressions"),
        figure(f"{micro / max(minutes, 1e-9):.1f}", "micro a minute"),
        figure(sum(row.macro for row in done), "macro events"),
    ]
    parts = [
        "<h1>Batch of recordings</h1>",
        f'<div class="figures">{"".join(cards)}</div>',
        _failures(failed),
        "<h2>Recordings</h2>",
        '<div class="card">'
        + table(_HEAD, [_row(row) for row in done], frozenset(range(1, 7)))
        + "</div>",
    ]
    return page("mer-batch", "\n".join(parts))


def _failures(failed: Sequence[RunRecord]) -> str:
    if not failed:
        return ""
    items = "".join(f"<li>{text(row.error or 'failed')}</li>" for row in failed)
    return (
        f'<h2 class="bad">Failed</h2><ul class="card notes" style="padding-left:2rem">{items}</ul>'
    )


def _row(row: RunRecord) -> list[str]:
    link = f'<a href="{text(quote(row.folder))}/{NAME}">{text(row.name)}</a>'
    return [
        link,
        format_clock(row.duration_s)[:-4],
        str(row.micro),
        f"{row.micro_a_minute:.1f}",
        str(row.macro),
        str(row.faces),
        f"{row.coverage:.0%}",
        '<span class="bad">cut short</span>' if row.truncated else "",
    ]
