"""Sentences on the page, errors of the program among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from demo.scratch import without_folders
from demo.visitors import Visitor, Visitors
from streamer.core.errors import MerError
from streamer.outputs.report.templates import markup


@contextmanager
def reported_to_visitor() -> Iterator[None]:
    """A MerError within the block is shown as a message, in its own words."""
    try:
        yield
    except MerError as error:
        raise gr.Error(sentence_of(error)) from None


def sentence_of(error: MerError) -> str:
    """Its sentence, without the folders of this machine."""
    return without_folders(str(error))


def visitor_of(visitors: Visitors, request: gr.Request) -> Visitor:
    """Who asks. Raises UsageError where the page is closed, or there is no room."""
    client = request.client
    return visitors.of(request.session_hash, client.host if client else "")


def sent_with(event: gr.EventData, key: str) -> str:
    """A value that a script of ours sent with an event; empty where it did not."""
    data = event._data
    return str(data.get(key, "")) if isinstance(data, dict) else ""


def status_line(sentence: str, kind: str = "") -> str:
    """A sentence that screen readers tell when it changes; kind: "", "done" or "refused"."""
    return str(markup('<p role="status" class="said {}">{}</p>', kind, sentence))
