"""What a container and its video stream say of themselves: counts and rates are only claims."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import av
from av.container import InputContainer

from streamer.core.pictures import Picture
from streamer.core.records import SourceInfo
from streamer.sources.rates import WITHOUT_TIMES

_PLACEHOLDER = 1 << 30  # pictures: what a writer puts into a header that it could not mend later


def has_guessed_pts(container: InputContainer, stream: av.VideoStream) -> bool:
    """AVI numbers its pictures in the order of decoding. Where that is another one than that of
    presentation, FFmpeg's guess for H.264 and H.265 is wrong; what comes out is in order.
    """
    context = stream.codec_context
    return (
        container.format.name == "avi"
        and context.name in ("h264", "hevc")
        and bool(context.has_b_frames)
    )


def time_base_of(stream: av.VideoStream) -> Fraction:
    """Seconds a tick of its time stamps."""
    return stream.time_base or Fraction(1, 1000)


def describe(
    container: InputContainer,
    stream: av.VideoStream,
    image: Picture,
    name: str,
    kind: Literal["file", "pipe", "network"],
    live: bool,
) -> SourceInfo:
    """What its headers say, and the size of its first picture."""
    rate = stream.average_rate or stream.guessed_rate
    return SourceInfo(
        name=name,
        kind=kind,
        live=live,
        width_px=image.shape[1],
        height_px=image.shape[0],
        declared_fps=float(rate) if rate else None,
        declared_frames=_declared_frames(container, stream),
        declared_duration_s=_declared_duration(container, stream),
    )


def _declared_frames(container: InputContainer, stream: av.VideoStream) -> int | None:
    if container.format.name == "mxf" and stream.duration:  # counted in pictures
        rate = stream.average_rate or Fraction(0)
        return round(stream.duration * time_base_of(stream) * rate) or None
    return stream.frames if 0 < stream.frames < _PLACEHOLDER else None


def _declared_duration(container: InputContainer, stream: av.VideoStream) -> float | None:
    if container.format.name in WITHOUT_TIMES or stream.frames >= _PLACEHOLDER:
        return None
    if stream.duration:
        return float(stream.duration * time_base_of(stream))
    return container.duration / av.time_base if container.duration else None
