"""The tab of the live camera. Pictures go over a WebSocket of their own, see `live_socket`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from demo.assets import read_asset
from demo.messages import reported_to_visitor, visitor_of
from demo.settings_tab import choices_of
from demo.settings_view import Spotter
from demo.timeline import GROUPS
from demo.visitors import Visitors
from streamer.outputs.report.templates import render_text

_FACTS = (
    ("rate", "pictures a second"),
    ("delay", "delay of a picture"),
    ("dropped", "pictures dropped"),
    ("faces", "faces"),
)
_START = (
    "(token) => { document.dispatchEvent(new CustomEvent('mer-live-start', {detail: token})); }"
)
_STOP = "() => { document.dispatchEvent(new Event('mer-live-stop')); }"


@dataclass(frozen=True, slots=True)
class LiveTab:
    """The component that triggers `select` with `result` and `event`."""

    stage: gr.HTML


def live_tab(visitors: Visitors, settings: list[Any]) -> LiveTab:
    """Builds the tab."""
    gr.Markdown(
        "Your camera, watched live. A movement is reported once it is over and nothing contradicts "
        "it: within about a second. Sit in good light, face the camera, and try a quick raise of "
        "the eyebrows. The camera’s pictures go to the machine that runs this page and nowhere "
        "else; only the faces around events are kept, until you close the page."
    )
    with gr.Row():
        with gr.Column(min_width=200):
            start = gr.Button("Start the camera", variant="primary")
            stop = gr.Button("Stop the camera", variant="stop")
        spotter = gr.Radio(
            [("Learned: answers sooner", "learned"), ("Rule: answers a second later", "rule")],
            value="learned", label="How movements are found (--spotter)",
            info="For the camera only; everything else is as in Settings.",
        )  # fmt: skip
    token = gr.Textbox(visible="hidden", label="token")
    stage = gr.HTML(
        render_text("live.html", "demo", facts=_FACTS, groups=list(GROUPS)),
        js_on_load=read_asset("live.js"),
        elem_id="live",
        apply_default_css=True,
    )

    def prepare(request: gr.Request, way: Spotter, *values: Any) -> str:
        with reported_to_visitor():
            visitor = visitor_of(visitors, request)
            choices = replace(choices_of(values), spotter=way)
            choices.config()
        visitor.live_choices = choices
        return visitor.token

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    ready = start.click(prepare, [spotter, *settings], token, queue=False, **quiet)
    ready.success(None, token, None, js=_START)
    stop.click(None, None, None, js=_STOP)
    return LiveTab(stage)
