"""Sentences on the page, errors of the program among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from streamer.errors import MerError
from streamer.outputs.report.html import text


@contextmanager
def telling_the_visitor() -> Iterator[None]:
    """A MerError within the block is shown as a message, in its own words."""
    try:
        yield
    except MerError as error:
        raise gr.Error(str(error)) from None


def said(sentence: str, kind: str = "") -> str:
    """A sentence that screen readers tell when it changes; kind: "", "done" or "refused"."""
    return f'<p role="status" class="said {kind}">{text(sentence)}</p>'
