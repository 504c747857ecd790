"""Which of the video streams of a container is read."""

from __future__ import annotations

from collections.abc import Sequence

import av
from av.container import InputContainer

from streamer.core.errors import SourceFormatError

_SMALL_PX = 320 * 240  # a picture beside one of four times as many is a preview
_SLOW_FPS = 5.0


def pick_stream(
    container: InputContainer, name: str, wanted: int | None = None
) -> tuple[av.VideoStream, str]:
    """A moving-picture stream (cover art does not count), and what is said of the choice.

    wanted: its number among them, from 0. Without it: the only one that is marked as default, if
    it is no preview beside a larger one; else the one with most pixels a second, the first of
    equals. Raises SourceFormatError where there is none, or its codec is unknown.
    """
    pictures = [
        stream
        for stream in container.streams.video
        if not stream.disposition & av.stream.Disposition.attached_pic
    ]
    if not pictures:
        others = sorted({stream.type for stream in container.streams})
        held = f"it holds only: {', '.join(others)}" if others else "it holds no streams at all"
        raise SourceFormatError(f"{name} has no video stream ({held}). Give a video file.")
    known = [stream for stream in pictures if stream.codec_context is not None]
    if wanted is not None:
        return _wanted(pictures, wanted, name), ""
    if not known:
        raise SourceFormatError(_UNKNOWN.format(name=name))
    chosen = _best(known)
    return chosen, _sentence(pictures, chosen) if len(pictures) > 1 else ""


_UNKNOWN = (
    "{name} uses a video codec that is unknown to FFmpeg here. Convert it with a player that "
    "knows it, for example: ffmpeg -i INPUT -c:v libx264 OUTPUT.mp4"
)


def _wanted(pictures: Sequence[av.VideoStream], wanted: int, name: str) -> av.VideoStream:
    if wanted >= len(pictures):
        raise SourceFormatError(
            f"{name}: it has no video stream {wanted}; there are {len(pictures)}, from 0: "
            f"{_all(pictures)}."
        )
    if pictures[wanted].codec_context is None:
        raise SourceFormatError(_UNKNOWN.format(name=name))
    return pictures[wanted]


def _best(streams: Sequence[av.VideoStream]) -> av.VideoStream:
    largest = max(streams, key=_pixels_a_second)
    marked = [s for s in streams if s.disposition & av.stream.Disposition.default]
    if len(marked) == 1 and not _is_preview(marked[0], largest):
        return marked[0]
    return largest


def _is_preview(stream: av.VideoStream, largest: av.VideoStream) -> bool:
    pixels = _pixels(stream)
    small = pixels <= _SMALL_PX and 4 * pixels <= _pixels(largest)
    return small or _fps(stream) < _SLOW_FPS <= _fps(largest)


def _pixels(stream: av.VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height


def _fps(stream: av.VideoStream) -> float:
    return float(stream.average_rate or stream.guessed_rate or 0)


def _pixels_a_second(stream: av.VideoStream) -> tuple[int, float]:
    """Size first; of equal sizes the faster."""
    slow = _fps(stream) < _SLOW_FPS
    return (0 if slow else 1) * _pixels(stream), _pixels(stream) * (_fps(stream) or 1.0)


def _sentence(pictures: Sequence[av.VideoStream], chosen: av.VideoStream) -> str:
    return (
        f"It holds {len(pictures)} video streams: {_all(pictures)}. Number "
        f"{pictures.index(chosen)} was read; --stream N takes another."
    )


def _all(pictures: Sequence[av.VideoStream]) -> str:
    return ", ".join(f"{n}: {_describe(stream)}" for n, stream in enumerate(pictures))


def _describe(stream: av.VideoStream) -> str:
    if stream.codec_context is None:
        return "of an unknown codec"
    size = f"{stream.codec_context.width} x {stream.codec_context.height}"
    return f"{size} at {_fps(stream):.4g} fps" if _fps(stream) else size
