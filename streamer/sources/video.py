"""Reads one video stream from its first to its last frame, with true times and upright pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import av
from av.container import InputContainer

from streamer.core.errors import SourceFormatError
from streamer.core.pictures import Picture, as_rgb
from streamer.core.records import SourceInfo
from streamer.sources.config import SourceConfig
from streamer.sources.containers import pick_stream
from streamer.sources.counters import SourceCounters
from streamer.sources.decode import STARTS_ANYWHERE, Decoder
from streamer.sources.header import missing_end
from streamer.sources.layouts import Layout
from streamer.sources.limits import check_size, decoder_limit
from streamer.sources.pixels import PixelConverter
from streamer.sources.resume_point import ResumePoint, checksum
from streamer.sources.timing import MAX_GAP_S, PresentationClock

# Raw streams have no header: FFmpeg guesses their duration from the bit rate.
_GUESSED_DURATION = {"h264", "hevc", "m4v", "mjpeg", "mpegvideo", "obu"}

_EXACT = ("mxf", "ivf")  # whose headers count their pictures, all of one length
_PLACEHOLDER = 1 << 30  # pictures: what a writer puts into a header that it could not mend later


class VideoReader:
    """Decodes, stamps and converts one container: iterate over (time_s, image), once.

    The first frame is decoded at once, so that a container without one fails here.
    Damage found on the way is counted in `counters`; iterating does not raise for it.
    """

    def __init__(
        self,
        container: InputContainer,
        name: str,
        kind: Literal["file", "pipe", "network"],
        config: SourceConfig,
        live: bool = False,
        counters: SourceCounters | None = None,
        max_gap_s: float = MAX_GAP_S,
        layout: Callable[[], Layout | None] | None = None,
        without_times_fps: float | None = None,
    ) -> None:
        """max_gap_s: a longer jump of the time stamps is a mistake and not a pause.
        layout: what the container holds by its own structure, asked for at the end.
        without_times_fps: the time stamps are of no use; so many frames a second are taken.

        Raises SourceFormatError for no video stream, an unknown codec, no frame.
        """
        self.counters = counters or SourceCounters()
        self._container = container
        self._stream = pick_stream(container, name)
        self._stream.codec_context.options = decoder_limit(config.max_megapixels)
        self._decoder = Decoder(container, self._stream, self.counters, config.decode_threads, live)
        self._convert = PixelConverter(config.rotate, from_luma=config.from_luma).convert
        self._time_base = _time_base(self._stream)
        self._layout = layout
        self._max_megapixels = config.max_megapixels
        self._without_times_fps = without_times_fps
        self._stamped = 0
        self._skipped = 0
        self._jumped = False
        self._first_s: float | None = None
        self._frames = iter(self._decoder)
        self._first = self._read_first(name, config.max_megapixels)
        info = _describe(container, self._stream, self._first[1], name, kind, live)
        self.info = (
            info if without_times_fps is None else replace(info, declared_fps=without_times_fps)
        )
        self._clock = PresentationClock(
            self.counters.repair,
            self.info.declared_fps,
            self.info.declared_duration_s,
            starts_at_zero=not (live or container.format.flags & STARTS_ANYWHERE),
            max_gap_s=max_gap_s,
        )

    def __iter__(self) -> Iterator[tuple[float, Picture]]:
        self._decoder.noting = False
        if self._without_times_fps is not None:
            self.counters.say(
                "The time stamps of the recording contradict its header: frames are put at equal "
                f"distances, {self._without_times_fps:g} a second."
            )
        frame, image = self._first
        time_s = self._stamp(frame) if self._first_s is None else self._first_s
        self._report_late_start(frame.pts)
        yield time_s, image
        size = (frame.width, frame.height)
        small = (frame for frame in self._frames if self._is_small(frame))
        for index, frame in enumerate(small, start=1):
            if index >= self._skipped:
                image = self._picture(frame)
            time_s = self._stamp(frame)
            if (frame.width, frame.height) != size:
                self.counters.repair("frame_size_changes")
                size = (frame.width, frame.height)
            yield time_s, image
        self._compare_with_header(time_s)
        self._compare_with_layout()

    def _is_small(self, frame: av.VideoFrame) -> bool:
        """Whether a frame keeps to the limit that the first one kept to; reported if not."""
        if frame.width * frame.height <= self._max_megapixels * 1e6:
            return True
        self.counters.damage(
            "large_frames",
            f"Frames of {frame.width} x {frame.height} pixels were left out: larger than "
            "source.max_megapixels allows.",
        )
        return False

    def skip(self, frames: int) -> None:
        """Spare the conversion of the first frames: their picture is that of the first one."""
        self._skipped = frames

    def go_to(self, start: ResumePoint) -> bool:
        """Begin at a frame of which time and picture are known, decoding little before it.

        The times are worked out from the packets; that they lead to the very frame is checked.
        False, if they do not: this reader is of no use then.
        """
        self._jumped = True
        frames = self._decoder.frames_from(start.frame)
        self._decoder.noting = False
        stamps = self._decoder.stamps
        known = sorted((pts, duration) for pts, duration in stamps if pts is not None)
        if frames is None or len(known) < len(stamps) or len(known) <= start.frame:
            return False
        for pts, duration in known[: start.frame]:
            self._clock.stamp(pts, _time_base(self._stream), duration)
        self._report_late_start(known[0][0])
        self._frames = (f for f in frames if f.pts is None or f.pts >= known[start.frame][0])
        frame = next(self._frames, None)
        if frame is None:
            return False
        self._first, self._first_s = (frame, self._picture(frame)), self._stamp(frame)
        return self._first_s == start.time_s and checksum(as_rgb(self._first[1])) == start.checksum

    @property
    def failure(self) -> str:
        """Why reading stopped before the end; empty where it did not."""
        return self._decoder.failure

    def close(self) -> None:
        """Free the decoder and the file. May be called more than once."""
        self._container.close()

    def _read_first(self, name: str, max_megapixels: float) -> tuple[av.VideoFrame, Picture]:
        for frame in self._frames:
            check_size(frame.width, frame.height, max_megapixels, name)
            return frame, self._picture(frame)
        why = f" ({self._decoder.failure})" if self._decoder.failure else ""
        raise SourceFormatError(
            f"{name}: not one frame of its {self._stream.codec_context.name} video can be decoded"
            f"{why}. It is empty, damaged or cut off; try to play it."
        )

    def _picture(self, frame: av.VideoFrame) -> Picture:
        """Of the frame that was decoded last, or of the last sound one in its place."""
        return self._convert(self._decoder.shown or frame)

    def _stamp(self, frame: av.VideoFrame) -> float:
        self._stamped += 1
        if self._without_times_fps is not None:
            self.counters.repair("unusable_pts")
            return (self._stamped - 1) / self._without_times_fps
        return self._clock.stamp(frame.pts, self._time_base, frame.duration)

    def _report_late_start(self, pts: int | None) -> None:
        if self.counters.report().repairs.get("late_first_pts") and pts is not None:
            late_s = float(pts * _time_base(self._stream))
            self.counters.say(
                f"The first frame is at {late_s:.3f} s of the recording; times count from it."
            )

    def _compare_with_layout(self) -> None:
        """Whether all came out that the container holds, and whether its structure is sound."""
        if not self._jumped:
            self._decoder.compare()
        layout = self._layout() if self._layout is not None else None
        if layout is None:
            return
        for fault in layout.faults:
            self.counters.damage("damaged_layout", f"The recording {fault}.")
        found = self._decoder.packets
        if layout.pictures is not None and found < layout.pictures:
            self.counters.cut_short(
                f"The recording is damaged: {found} of the {layout.pictures} pictures in it could "
                "be read."
            )

    def _compare_with_header(self, last_s: float) -> None:
        start_s = min(0.0, float((self._stream.start_time or 0) * _time_base(self._stream)))
        sentence = missing_end(
            max(last_s, self._decoder.end_s - start_s),
            self.info.declared_duration_s,
            self._decoder.packets,
            self.info.declared_frames,
        )
        exact = self.info.declared_frames if self._container.format.name in _EXACT else None
        if not sentence and exact is not None and self._decoder.packets < exact:
            sentence = f"The recording lacks frames: {self._decoder.packets} of {exact} found."
        if sentence:
            self.counters.cut_short(sentence)


def _time_base(stream: av.VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 1000)


def _describe(
    container: InputContainer,
    stream: av.VideoStream,
    image: Picture,
    name: str,
    kind: Literal["file", "pipe", "network"],
    live: bool,
) -> SourceInfo:
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
        return round(stream.duration * _time_base(stream) * rate) or None
    return stream.frames if 0 < stream.frames < _PLACEHOLDER else None


def _declared_duration(container: InputContainer, stream: av.VideoStream) -> float | None:
    if container.format.name in _GUESSED_DURATION or stream.frames >= _PLACEHOLDER:
        return None
    if stream.duration:
        return float(stream.duration * _time_base(stream))
    return container.duration / av.time_base if container.duration else None
