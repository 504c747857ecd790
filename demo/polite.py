"""Errors of the program as sentences on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from streamer.errors import MerError


@contextmanager
def telling_the_visitor() -> Iterator[None]:
    """A MerError within the block is shown as a message, in its own words."""
    try:
        yield
    except MerError as error:
        raise gr.Error(str(error)) from None
