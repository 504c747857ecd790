"""Which rate the frames of a recording were taken at, where its time stamps do not say it.

In this order: what the user says; for streams without times what their own headers say, else a
guess that is told; what a phone wrote beside a slow-motion recording, where the rest of the file
agrees.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import av
from av.container import InputContainer

from streamer.core.errors import UsageError
from streamer.sources.config import SourceConfig

# Elementary streams: FFmpeg puts their frames 1/25 s apart, or invents times from packet sizes.
WITHOUT_TIMES = frozenset({"h264", "hevc", "m4v", "mjpeg", "mpegvideo", "obu"})
ASSUMED_FPS = 30.0  # what the cameras take that write such streams, unless told otherwise
_SLOWEST_FPS, _FASTEST_FPS = 1.0, 480.0  # of a header; others are the ticks of a clock
# com.android.capture.fps, com.apple.quicktime.capture.fps and what else cameras call it.
_TAG = re.compile(
    r"(?:capture|camera|sensor|recording|quicktime)\W?(?:.*\W)?(?:fps|frame\W?rate)$", re.I
)
_INTENT = "com.apple.quicktime.full-frame-rate-playback-intent"
_SLOW = 1.5  # times as many frames taken as shown in a second: slow motion
_FAST = 0.5  # time lapse
_HIGH_FPS = 90.0  # no camera falls back from such a rate to half of it when it is dark
_USUAL_FPS = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 50.0, 60000 / 1001, 60.0)
_CLOSE = 0.01
_SOUND_CLOSE = 0.05


@dataclass(frozen=True, slots=True)
class CaptureRate:
    """The rate that times are counted by, and the sentence that says so."""

    fps: float
    sentence: str
    repair: str = ""  # a name under which it is counted, where it was guessed
    has_places: bool = True  # the container's own times say where a player shows a frame


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out: a rate, or None for the container's times, and what to tell."""

    rate: CaptureRate | None = None
    sentence: str = ""


def find_rate(
    container: InputContainer,
    stream: av.VideoStream,
    config: SourceConfig,
    name: str,
    header_fps: float | None = None,
) -> Verdict:
    """The rate of a recording.

    header_fps: by its header, where its time stamps are of no use.

    Raises UsageError for `config.fps` where the recording has times of its own.
    """
    if container.format.name in WITHOUT_TIMES:
        return Verdict(_of_raw(stream, config))
    if config.fps is not None:
        raise UsageError(
            f"{name}: a rate ({config.fps:g} fps) is for image folders, webcams and raw streams. "
            "This source has its own times; leave the rate out. If they are wrong, say what the "
            f"camera took: --capture-fps {config.fps:g}"
        )
    shown_fps = _shown_fps(stream)
    if config.capture_fps is not None:
        return Verdict(_asked(config.capture_fps, shown_fps, header_fps is None))
    if header_fps is not None:
        sentence = (
            "The time stamps of the recording contradict its header: frames are put at equal "
            f"distances, {header_fps:g} a second."
        )
        return Verdict(CaptureRate(header_fps, sentence, "unusable_pts", has_places=False))
    return _by_tag(container, stream, shown_fps)


def header_rate(stream: av.VideoStream) -> float | None:
    """What the stream's own headers say (H.264 and H.265: timing of VUI or VPS)."""
    rate = stream.codec_context.framerate
    fps = float(rate) if rate else 0.0
    return fps if _SLOWEST_FPS <= fps <= _FASTEST_FPS else None


def _of_raw(stream: av.VideoStream, config: SourceConfig) -> CaptureRate:
    asked = config.capture_fps or config.fps
    if asked is not None:
        sentence = f"The stream carries no times: frames are {asked:g} a second, as asked for."
        return CaptureRate(asked, sentence, has_places=False)
    fps = header_rate(stream)
    if fps is not None:
        told = f"The stream carries no times: frames are {fps:.6g} a second, as its header says."
        return CaptureRate(fps, told, has_places=False)
    return CaptureRate(
        ASSUMED_FPS,
        f"The stream carries neither times nor a rate: {ASSUMED_FPS:g} frames a second are "
        "assumed. If the camera took another number, all times are wrong: give it with "
        "--capture-fps RATE.",
        "assumed_rate",
        has_places=False,
    )


def _asked(fps: float, shown_fps: float | None, has_places: bool) -> CaptureRate:
    says = f"; the recording says {shown_fps:.6g}" if shown_fps and has_places else ""
    return CaptureRate(
        fps,
        f"Times are of capture at {fps:g} frames a second, as asked for{says}.",
        has_places=has_places,
    )


def _by_tag(container: InputContainer, stream: av.VideoStream, shown_fps: float | None) -> Verdict:
    tags = {**stream.metadata, **container.metadata}
    found = next(_rates_in(tags), None)
    if found is None or not shown_fps:
        return Verdict(sentence=_hint_of_intent(tags, shown_fps))
    tag, fps = found
    factor = fps / shown_fps
    if not (factor >= _SLOW or factor <= _FAST) or _may_be_dark(fps, factor):
        return Verdict()
    says = f"The recording says ({tag}) that {fps:g} frames a second were taken"
    why_not = _disagreement(container, stream, fps, shown_fps)
    if why_not:
        return Verdict(
            sentence=f"{says}, but {why_not}: its own times were used. If it is slow motion, give "
            f"--capture-fps {fps:g}."
        )
    return Verdict(
        CaptureRate(
            fps,
            f"{says}, and it shows {shown_fps:.6g}: times are of capture, and the place in the "
            f"file is given beside them. Not so? --capture-fps {shown_fps:.6g}",
        )
    )


def _rates_in(tags: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    for name in sorted(tags):
        if _TAG.search(name) and "playback" not in name:
            try:
                fps = float(tags[name])
            except ValueError:
                continue
            if math.isfinite(fps) and 0.01 <= fps <= 10_000.0:
                yield name, fps


def _may_be_dark(fps: float, factor: float) -> bool:
    """An ordinary recording: the camera was set to 30, and took fewer as it was dark."""
    return factor >= _SLOW and fps <= 1.05 * 30.0


def _disagreement(
    container: InputContainer, stream: av.VideoStream, fps: float, shown_fps: float
) -> str:
    """Why the rest of the file speaks against a tag; empty where nothing does."""
    if fps < _HIGH_FPS and not _is_even(stream, shown_fps):
        return f"the times are those of about {shown_fps:.4g}, and uneven"
    if all(abs(shown_fps - usual) > _CLOSE * usual for usual in _USUAL_FPS):
        return f"its frames are {shown_fps:.4g} a second, no rate that slow motion is shown at"
    shown_s = _duration_s(stream)
    for sound in container.streams.audio:
        sound_s = _duration_s(sound)
        if shown_s and sound_s and abs(sound_s - shown_s) <= _SOUND_CLOSE * shown_s:
            return "its sound is as long as its pictures are shown"
    return ""


def _is_even(stream: av.VideoStream, shown_fps: float) -> bool:
    base = stream.base_rate
    return base is not None and abs(float(base) - shown_fps) <= _CLOSE * shown_fps


def _shown_fps(stream: av.VideoStream) -> float | None:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate else None


def _duration_s(stream: av.stream.Stream) -> float | None:
    if not stream.duration or stream.time_base is None:
        return None
    return float(stream.duration * stream.time_base)


def _hint_of_intent(tags: Mapping[str, str], shown_fps: float | None) -> str:
    """An iPhone's slow motion, shown at a usual rate: what was taken is not in the file."""
    if tags.get(_INTENT) != "0" or not shown_fps or shown_fps > _HIGH_FPS:
        return ""
    return (
        "The recording says that it is slow motion, but not how many frames a second were taken: "
        f"its own times were used, {shown_fps:.4g} frames a second. If they are slowed down, give "
        "--capture-fps 120 or 240."
    )
