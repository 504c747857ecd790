"""The tab for recordings: upload or sample, progress, result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from demo.analysis import analyse
from demo.app_context import AppContext
from demo.assets import read_asset
from demo.job_queue import Ticket
from demo.limits import Limits
from demo.messages import reported_to_visitor, sent_with, sentence_of, status_line, visitor_of
from demo.recording_view import recording_view
from demo.results import load_finished
from demo.settings_tab import choices_of
from demo.settings_view import Choices
from demo.uploads import BUSY
from demo.visitors import Visitor
from streamer.batch.job import Progress
from streamer.core.errors import MerError, UsageError
from streamer.outputs.report.templates import markup

_ENDINGS = (
    ".avi",
    ".flv",
    ".gif",
    ".m4v",
    ".mkv",
    ".mov",
    ".mp4",
    ".mpg",
    ".mxf",
    ".ogv",
    ".ts",
    ".webm",
    ".wmv",
    ".y4m",
)  # of files that browsers do not know as videos
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class RecordingTab:
    """The components that other parts of the page listen to."""

    result: gr.HTML
    status: gr.HTML
    ready: gr.State  # the name of what was uploaded, for the command on the page


def recording_tab(context: AppContext, settings: list[Any]) -> RecordingTab:
    """Builds the tab. Its result triggers `select` with `result` and `event`."""
    limits, visitors = context.limits, context.visitors
    gr.Markdown(
        f"Choose a video of a face, up to {limits.minutes:g} minutes and {limits.upload_mb} MB, or "
        "try the bundled sample. It is analysed on this machine, and deleted when you close the "
        "page."
    )
    ready = gr.State("")
    with gr.Row():
        with gr.Column(min_width=260):
            upload = gr.HTML(
                _upload_zone(limits), js_on_load=read_asset("upload.js"), elem_id="upload"
            )
        with gr.Column(min_width=220):
            start = gr.Button("Find micro-expressions", variant="primary", interactive=False)
            sample = gr.Button("Try the sample")
            stop = gr.Button("Stop", variant="stop", interactive=False)
    status = gr.HTML(status_line("No recording chosen yet."), elem_classes="status")
    result = gr.HTML("", js_on_load=read_asset("recording.js"), elem_id="result")

    def take(sent: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        try:
            name = context.uploads.take(visitor_of(visitors, request), sent_with(sent, "id"))
        except MerError as error:
            return "", status_line(sentence_of(error), "refused"), gr.Button(interactive=False)
        here = status_line(f"{name} is here. Press “Find micro-expressions”.")
        return name, here, gr.Button(interactive=True)

    def run_upload(request: gr.Request, *values: Any) -> Iterator[tuple[Any, ...]]:
        yield from _run(context, request, values, own=True)

    def run_sample(request: gr.Request, *values: Any) -> Iterator[tuple[Any, ...]]:
        yield from _run(context, request, values, own=False)

    def ask_to_stop(request: gr.Request) -> None:
        with reported_to_visitor():
            visitor_of(visitors, request).stopped.set()

    hidden: dict[str, Any] = {"api_visibility": "private"}
    upload.upload(take, None, [ready, status, start], show_progress="hidden", queue=False, **hidden)
    working: dict[str, Any] = hidden | {
        "concurrency_limit": None,  # `JobQueue` says who is next
        "show_progress": "hidden",
    }
    outputs = [status, result, start, sample, stop]
    start.click(run_upload, settings, outputs, **working)
    sample.click(run_sample, settings, outputs, **working)
    stop.click(ask_to_stop, None, None, queue=False, **hidden)
    return RecordingTab(result, status, ready)


def _upload_zone(limits: Limits) -> str:
    """A place to drop a recording on, or to choose one with mouse or keyboard."""
    zone = markup(
        '<div class="upload" data-megabytes="{}" data-endings="{}"><label>Recording (drop a video '
        'here or choose one)<input type="file" accept="video/*,{}"></label>'
        '<progress max="1" value="0" aria-label="Sending" hidden></progress>'
        '<p class="upload-state said" role="status"></p></div>',
        limits.upload_mb,
        " ".join(_ENDINGS),
        ",".join(_ENDINGS),
    )
    return str(zone)


def _run(
    context: AppContext, request: gr.Request, values: tuple[Any, ...], *, own: bool
) -> Iterator[tuple[Any, ...]]:
    """(status, result, start, sample, stop) while a recording is analysed."""
    visitor = None
    try:
        choices = choices_of(values)
        visitor = visitor_of(context.visitors, request)
        if not visitor.busy.acquire(blocking=False):
            raise UsageError(BUSY)
        try:
            yield from _analysed(context, visitor, choices, own)
        finally:
            visitor.busy.release()
    except MerError as error:
        yield (
            status_line(sentence_of(error), "refused"),
            gr.skip(),
            *_buttons(visitor, working=False),
        )


def _analysed(
    context: AppContext, visitor: Visitor, choices: Choices, own: bool
) -> Iterator[tuple[Any, ...]]:
    source, display_name = (None, "sample") if not own else _pending(visitor)
    visitor.stopped.clear()
    folder = ""
    with context.queue.ticket(lambda: context.visitors.is_open(visitor)) as ticket:
        yield _waiting(display_name, ticket.before), "", *_buttons(visitor, working=True)
        for before in _until_turn(visitor, ticket):
            yield _waiting(display_name, before), gr.skip(), *(gr.skip(),) * 3
        for message in analyse(visitor, source, display_name, choices, context.limits):
            if isinstance(message, Progress):
                yield _progress(display_name, message), gr.skip(), *(gr.skip(),) * 3
            else:
                folder = message.folder
    found = load_finished(visitor, folder)
    count = len(found.events)
    done = status_line(f"{display_name}: done, {count} event{'' if count == 1 else 's'}.", "done")
    yield (
        done,
        recording_view(found, visitor, choices.command(display_name)),
        *_buttons(visitor, working=False),
    )


def _until_turn(visitor: Visitor, ticket: Ticket) -> Iterator[int]:
    """How many are before this one, whenever that changes, until none is."""
    last = ticket.before
    while (before := ticket.before) > 0:
        if visitor.gone or visitor.stopped.is_set() or ticket.dropped:
            raise UsageError("Stopped.")
        if before != last:
            yield before
        last = before
        time.sleep(_POLL_S)


def _pending(visitor: Visitor) -> tuple[Path, str]:
    if visitor.pending is None or not visitor.pending[0].is_file():
        raise UsageError("Choose a recording first, or try the sample.")
    return visitor.pending


def _buttons(visitor: Visitor | None, *, working: bool) -> tuple[Any, ...]:
    """start, sample, stop."""
    here = visitor is not None and visitor.pending is not None
    return (
        gr.Button(interactive=here and not working),
        gr.Button(interactive=not working),
        gr.Button(interactive=working),
    )


def _waiting(display_name: str, before: int) -> str:
    if before == 0:
        return status_line(f"{display_name}: starting ...")
    many = "one recording is" if before == 1 else f"{before} recordings are"
    return status_line(f"{display_name}: waiting, {many} before you ...")


def _progress(display_name: str, progress: Progress) -> str:
    share = f"{progress.share:.0%}, " if progress.share else ""
    found = f"{progress.events} event{'' if progress.events == 1 else 's'} so far"
    line = f"{display_name}: {share}{progress.time_s:.0f} s, {found}"
    bar = '<progress max="1" value="{:.3f}" aria-label="Progress"></progress>'
    return str(markup('<div class="said">' + bar + " {}</div>", progress.share, line))
