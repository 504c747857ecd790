"""Makes whole pictures of interlaced ones: FFmpeg's bwdif, one picture for each (no new times)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
from av.filter import Graph

_FILTER = "mode=send_frame:parity=auto:deint=all"  # as the user asked: also where no frame says so
NOTED_AT = 5  # interlaced frames after which it is told
NOTE = (
    "The recording is interlaced: lines of two moments alternate in each picture, which looks like "
    "motion at every edge. --deinterlace makes whole pictures."
)


def deinterlaced(frames: Iterable[av.VideoFrame], time_base: Fraction) -> Iterator[av.VideoFrame]:
    """The same frames at the same times, each with all lines of one moment.

    time_base: of the frames' time stamps.
    """
    graph, form = None, None
    for frame in frames:
        now = (frame.width, frame.height, frame.format.name)
        if now != form:
            if graph is not None:
                yield from _pull(graph, None, time_base)
            graph, form = _graph(frame, time_base), now
        assert graph is not None
        yield from _pull(graph, frame, time_base)
    if graph is not None:
        yield from _pull(graph, None, time_base)


def _graph(frame: av.VideoFrame, time_base: Fraction) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=time_base
    )
    bwdif = graph.add("bwdif", _FILTER)
    sink = graph.add("buffersink")
    source.link_to(bwdif)
    bwdif.link_to(sink)
    graph.configure()
    return graph


def _pull(
    graph: Graph, frame: av.VideoFrame | None, time_base: Fraction
) -> Iterator[av.VideoFrame]:
    """What the filter gives for a frame, or for the end of them."""
    graph.vpush(frame)
    with contextlib.suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            made = graph.vpull()
            # The filter counts in halves of the time base.
            if made.pts is not None and made.time_base:
                made.pts = round(made.pts * made.time_base / time_base)
            made.time_base = time_base
            yield made
