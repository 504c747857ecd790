"""The tab that looks inside one event."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.app_context import AppContext
from demo.assets import read_asset
from demo.explainer import Explainer
from demo.inside_view import explained, header, pictures, strip_player, units
from demo.messages import sentence_of, status_line, visitor_of
from demo.pictures import LARGEST
from demo.results import Finished, load_finished
from demo.visitors import Visitor
from streamer.core.errors import InstallError, MerError, UsageError
from streamer.core.records import EmotionEvent
from streamer.outputs.aligned_faces import FaceStrip, read_strip
from streamer.outputs.formats.event_text import label
from streamer.outputs.record import event_id
from streamer.outputs.terminal import format_clock

_LOG = logging.getLogger(__name__)
_FACTOR = 8
_EMPTY = (
    '<p class="soft">Analyse a recording or use the live camera, then choose an event here or '
    "press “Look inside” beside it.</p>"
)
_WAIT = '<p class="soft" role="status">SelfME is looking at it ...</p>'
_NO_TORCH = (
    '<p class="soft">Keypoints and attention need PyTorch, which is not installed here: '
    '<code>pip install "mer-stream[train]"</code>.</p>'
)
_SPARE = "/"  # between the result and the event in the value of a choice


@dataclass(frozen=True, slots=True)
class InsideTab:
    """The components that other parts of the page set."""

    event: gr.Dropdown


def inside_tab(context: AppContext, tab: gr.Tab) -> InsideTab:
    """Builds the tab; choosing an event shows it."""
    event = gr.Dropdown([], label="Event", interactive=True)
    top = gr.HTML(_EMPTY)
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            factor = gr.Slider(
                1, LARGEST, _FACTOR, step=1, label="Motion amplified (times)",
                info="1 is the recording. More stretches the face along the measured motion.",
            )  # fmt: skip
            strip = gr.HTML("", js_on_load=read_asset("inside.js"))
        with gr.Column(scale=2, min_width=300):
            gallery = gr.HTML("", js_on_load=read_asset("gallery.js"))
    moved = gr.HTML("")
    learned = gr.HTML("")

    def refresh(chosen: str | None, request: gr.Request) -> Any:
        try:
            choices = _choices(visitor_of(context.visitors, request))
        except MerError:
            return gr.skip()
        known = chosen if chosen in [value for _, value in choices] else None
        return gr.Dropdown(choices=choices, value=known)

    def show(chosen: str | None, times: float, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """(top, strip, gallery, units, learned)"""
        if not chosen:
            yield _EMPTY, "", "", "", ""
            return
        try:
            result, found = _find(visitor_of(context.visitors, request), chosen)
            yield header(result, found), gr.skip(), gr.skip(), "", _WAIT
            faces = _faces(result, found)
            seen = (strip_player(faces, times), pictures(faces), units(faces, found))
            yield gr.skip(), *seen, gr.skip()
            yield *(gr.skip() for _ in range(4)), _explain(context.explainer, result, found)
        except MerError as error:
            yield gr.skip(), "", status_line(sentence_of(error), "refused"), "", ""

    def amplify(chosen: str | None, times: float, request: gr.Request) -> Any:
        if not chosen:
            return gr.skip()
        try:
            faces = _faces(*_find(visitor_of(context.visitors, request), chosen))
        except MerError as error:
            return status_line(sentence_of(error), "refused")
        return strip_player(faces, times)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    tab.select(refresh, event, event, queue=False, **quiet)
    event.change(
        show, [event, factor], [top, strip, gallery, moved, learned], concurrency_id="inside",
        concurrency_limit=2, trigger_mode="always_last", **quiet,
    )  # fmt: skip
    factor.change(
        amplify,
        [event, factor],
        strip,
        concurrency_id="inside",
        trigger_mode="always_last",
        **quiet,
    )
    return InsideTab(event)


def reference(result: str, event: str) -> str:
    """The value of an event in the list."""
    return f"{result}{_SPARE}{event}"


def choices_and(visitor: Visitor, chosen: str) -> Any:
    """The list with one event chosen."""
    return gr.Dropdown(choices=_choices(visitor), value=chosen)


def _choices(visitor: Visitor) -> list[tuple[str, str]]:
    found = []
    for name in reversed(visitor.results):
        result = load_finished(visitor, name)
        found += [(_title(result, e), reference(name, event_id(e))) for e in result.events]
    return found


def _title(result: Finished, event: EmotionEvent) -> str:
    return (
        f"{result.display_name}, {format_clock(event.spot.apex_s)}, "
        f"{event.spot.kind} {label(event)}, face {event.spot.face_id}"
    )


def _find(visitor: Visitor, chosen: str) -> tuple[Finished, EmotionEvent]:
    name, _, event = chosen.partition(_SPARE)
    result = load_finished(visitor, name)
    return result, result.event(event)


def _faces(result: Finished, event: EmotionEvent) -> FaceStrip:
    path = result.strip(event)
    if not path.is_file():
        raise UsageError("The faces of this event were not kept: its face was lost meanwhile.")
    return read_strip(path)


def _explain(explainer: Explainer, result: Finished, event: EmotionEvent) -> str:
    try:
        return explained(explainer.explain(result.strip(event)))
    except InstallError:
        return _NO_TORCH
    except MerError as error:
        _LOG.warning("no explanation: %s", error)
        return '<p class="soft">SelfME could not look at this event.</p>'
