"""The page: its tabs, and what happens between them."""

from __future__ import annotations

import gradio as gr

from demo.recording_tab import recording_tab
from demo.settings_tab import choices_of, settings_tab
from demo.visitors import Visitors

TITLE = "mer-stream: see a micro-expression happen"
_INTRO = """# See a micro-expression happen
A **micro-expression** is an involuntary facial movement that lasts less than half a second and moves
the skin by a pixel or two. This page finds such movements in a recording or a camera picture and
shows what moved."""
_WARNING = (
    "<strong>Read this first.</strong> What you see is a reading of facial motion. It does not tell "
    "what a person feels, and it detects no lies. The recogniser has learnt from synthetic motion "
    "only. In the EU, inferring emotions at work or in education is prohibited (AI Act, article "
    "5(1)(f); medical and safety uses excepted). Show it only people who have agreed. No picture "
    "leaves the machine that this page runs on."
)


def build_page(visitors: Visitors) -> gr.Blocks:
    """The Gradio page. Style and limits are given where it is mounted, in `demo.server`."""
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(60, 300), fill_width=False
    ) as page:
        gr.Markdown(_INTRO)
        gr.HTML(f'<p class="warning" role="note">{_WARNING}</p>')
        with gr.Tabs() as tabs:
            recording_slot = gr.Tab("Recording", id="recording")
            with gr.Tab("Settings", id="settings"):
                settings = settings_tab()
            with recording_slot:
                recording = recording_tab(visitors, settings)

        def leave(request: gr.Request) -> None:
            visitors.forget(request.session_hash)

        page.unload(leave)
    return page
