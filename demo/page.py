"""The page: its tabs, what happens between them, its colours and fonts."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo.app_context import AppContext
from demo.benchmarks_tab import benchmarks_tab
from demo.inside_tab import choices_and, inside_tab, reference
from demo.live_tab import live_tab
from demo.messages import reported_to_visitor, sent_with, visitor_of
from demo.recording_tab import recording_tab
from demo.settings_tab import choices_of, settings_tab

TITLE = "mer-stream: see a micro-expression happen"
_INTRO = (
    "# See a micro-expression happen\n"
    "A **micro-expression** is an involuntary facial movement that lasts less than half a second "
    "and moves the skin by a pixel or two. This page finds such movements in a recording or a "
    "camera picture and shows what moved."
)
_WARNING = (
    "<strong>Read this first.</strong> What you see is a reading of facial motion. It does not "
    "tell what a person feels, and it detects no lies. The recogniser has learnt from synthetic "
    "motion only. In the EU, inferring emotions at work or in education is prohibited (AI Act, "
    "article 5(1)(f); medical and safety uses excepted). Show it only people who have agreed. No "
    "picture leaves the machine that this page runs on."
)


def build_page(context: AppContext) -> gr.Blocks:
    """The Gradio page. Style and limits are given where it is mounted, in `demo.server`."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(60, 300)) as page:
        gr.Markdown(_INTRO)
        gr.HTML(f'<p class="warning" role="note">{_WARNING}</p>')
        with gr.Tabs() as tabs:
            in_recording = gr.Tab("Recording", id="recording")
            in_live = gr.Tab("Live camera", id="live")
            with gr.Tab("Look inside", id="inside") as in_inside:
                inside = inside_tab(context, in_inside)
            with gr.Tab("Settings", id="settings"):
                settings = settings_tab()
                command = gr.Code(
                    choices_of(tuple(s.value for s in settings)).command("RECORDING"),
                    language=None, label="The command that gives the same result",
                    interactive=False,
                )  # fmt: skip
            with in_recording:
                recording = recording_tab(context, settings)
            with in_live:
                live = live_tab(context.visitors, settings)
            with gr.Tab("Benchmarks", id="benchmarks"):
                benchmarks_tab()

        def look_inside(event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
            chosen = reference(sent_with(event, "result"), sent_with(event, "event"))
            with reported_to_visitor():
                visitor = visitor_of(context.visitors, request)
                return gr.Tabs(selected="inside"), choices_and(visitor, chosen)

        def show_command(name: str, *values: Any) -> str:
            return choices_of(values).command(name or "RECORDING")

        def leave(request: gr.Request) -> None:
            context.visitors.forget(request.session_hash)

        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        for component in (recording.result, live.stage):
            component.select(look_inside, None, [tabs, inside.event], **quiet)
        gr.on(
            [recording.ready.change, *(setting.change for setting in settings)],
            show_command, [recording.ready, *settings], command, queue=False, **quiet,
        )  # fmt: skip
        page.unload(leave)
    return page


_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
_MONO = ["ui-monospace", "Consolas", "monospace"]


def make_theme() -> gr.themes.Base:
    """Contrast of text is 4.5:1 or more (WCAG AA); Gradio's own hints are too pale."""
    theme = gr.themes.Default(
        primary_hue=gr.themes.colors.blue,
        neutral_hue=gr.themes.colors.slate,
        font=_FONTS,
        font_mono=_MONO,
    )
    return theme.set(
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        button_cancel_background_fill="#b03325",
        button_cancel_background_fill_hover="#8f2a1f",
        button_cancel_text_color="white",
        button_cancel_background_fill_dark="#8f2a1f",
        button_cancel_background_fill_hover_dark="#b03325",
        button_cancel_text_color_dark="white",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )
