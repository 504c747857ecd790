"""Reads one video stream from its first to its last frame, with true times and upright pixels."""

from __future__ import annotations

import bisect
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import av
from av.container import InputContainer

from streamer.core.errors import SourceFormatError
from streamer.core.pictures import Picture, as_rgb
from streamer.sources.arrival import ArrivalClock
from streamer.sources.choice import pick_stream
from streamer.sources.clocks import RecordingClocks, Times
from streamer.sources.config import SourceConfig
from streamer.sources.counters import SourceCounters
from streamer.sources.declared import describe, has_guessed_pts, time_base_of
from streamer.sources.decode import Decoder
from streamer.sources.frame_pictures import FramePictures
from streamer.sources.header import missing_end
from streamer.sources.layouts import Layout
from streamer.sources.limits import check_size, decoder_limit
from streamer.sources.part import Cut
from streamer.sources.recording import Stamped
from streamer.sources.resume_point import ResumePoint, checksum
from streamer.sources.timing import MAX_GAP_S

_ON_ARRIVAL = ("mpjpeg", "mjpeg")  # endless pictures without times: FFmpeg assumes 25 a second
_EXACT = ("mxf", "ivf")  # whose headers count their pictures, all of one length


class VideoReader:
    """Decodes, stamps and converts one container: iterate over `Stamped`, once.

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
        self._stream, choice = pick_stream(container, name, config.stream)
        self.counters.say(choice)
        self._stream.codec_context.options = decoder_limit(config.max_megapixels)
        self._decoder = Decoder(container, self._stream, self.counters, config.decode_threads, live)
        self._time_base = time_base_of(self._stream)
        self._pictures = FramePictures(config, self.counters, self._decoder, self._time_base)
        self._layout = layout
        self._max_megapixels = config.max_megapixels
        self._by_dts = has_guessed_pts(container, self._stream)
        self._last_dts = 0
        self._skipped = 0
        self._jumped = False
        self._first_times: Times | None = None
        self._arrivals = ArrivalClock() if live and container.format.name in _ON_ARRIVAL else None
        cut = Cut.of(config)
        self._spared_s = 0.0 if cut is None else cut.from_s  # pictures before are not looked at
        self._frames = self._pictures.whole(iter(self._decoder))
        self._first = self._read_first(name, config.max_megapixels)
        info = describe(container, self._stream, self._first[1], name, kind, live)
        self.info = info if self._arrivals is None else replace(info, declared_fps=None)
        self._clocks = RecordingClocks(
            container, self._stream, config, self.info, self.counters, without_times_fps, max_gap_s
        )
        self.info = self._clocks.describe(self._first[0].pts, self._time_base)

    def __iter__(self) -> Iterator[Stamped]:
        self._decoder.noting = False
        self._clocks.tell()
        frame, image = self._first
        times = self._first_times
        if times is None:
            times = self._stamp(frame)
            self._report_late_start(frame.pts)
        yield times[0], image, times[1]
        size = (frame.width, frame.height)
        small = (frame for frame in self._frames if self._is_small(frame))
        for index, frame in enumerate(small, start=1):
            time_s, media_s = self._stamp(frame)
            if index >= self._skipped and time_s >= self._spared_s:
                image = self._pictures.of(frame)
            self._pictures.note(frame)
            if (frame.width, frame.height) != size:
                self.counters.repair("frame_size_changes")
                size = (frame.width, frame.height)
            yield time_s, image, media_s
        self._compare_with_header(self._clocks.last_s)
        self._compare_with_layout()
        self._clocks.tell_at_end()

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
        if self._by_dts:
            return False
        self._jumped = True
        frames = self._decoder.frames_from(start.frame)
        known = self._known_stamps()
        if frames is None or len(known) <= start.frame:
            return False
        self._pass(known[: start.frame])
        self._report_late_start(known[0][0])
        if self._begin_at(frames, known[start.frame][0]) is None or self._first_times is None:
            return False
        picture = as_rgb(self._first[1])
        return self._first_times[0] == start.time_s and checksum(picture) == start.checksum

    def go_near(self, time_s: float) -> int | None:
        """Begin at the first frame of that time or later, decoding little before it.

        Its number among all frames is worked out from the packets before it, whose time stamps have
        to be sound. None, where that is not possible: this reader is of no use then.
        """
        self._jumped = True
        origin = self._first[0].pts
        if origin is None or self._by_dts or not self._clocks.go_by_stamps:
            return None
        wanted = origin + math.ceil(time_s / self._time_base)
        frames = self._decoder.frames_near(
            lambda packet: packet.pts is not None and packet.pts <= wanted,
            lambda packet: packet.dts is not None and packet.dts > wanted,
        )
        known = self._known_stamps()
        before = bisect.bisect_left(known, wanted, key=lambda stamp: stamp[0])
        if frames is None or before == len(known):
            return None
        self._pass(known[:before])
        if set(self.counters.report().repairs) - {"late_first_pts"}:
            return None
        self._report_late_start(known[0][0])
        frame = self._begin_at(frames, known[before][0])
        return before if frame is not None and frame.pts == known[before][0] else None

    def _known_stamps(self) -> list[tuple[int, int | None]]:
        """(pts, duration) of all packets so far in order of presentation; none where one lacks."""
        self._decoder.noting = False
        stamps = self._decoder.stamps
        known = sorted((pts, duration) for pts, duration in stamps if pts is not None)
        return known if len(known) == len(stamps) else []

    def _pass(self, stamps: Sequence[tuple[int, int | None]]) -> None:
        """Have the clock see frames that are not decoded."""
        for pts, duration in stamps:
            self._clocks.stamp(pts, self._time_base, duration)

    def _begin_at(self, frames: Iterator[av.VideoFrame], pts: int) -> av.VideoFrame | None:
        """The first frame from a time stamp on, with which reading begins; None: there is none."""
        whole = self._pictures.whole(frames)
        self._frames = (frame for frame in whole if frame.pts is None or frame.pts >= pts)
        frame = next(self._frames, None)
        if frame is not None:
            self._first, self._first_times = (frame, self._pictures.of(frame)), self._stamp(frame)
        return frame

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
            if self._arrivals is not None:
                self._first_times = self._stamp(frame)
            self._frames = self._pictures.begin(frame, self._frames, name)
            return frame, self._pictures.of(frame)
        why = f" ({self._decoder.failure})" if self._decoder.failure else ""
        raise SourceFormatError(
            f"{name}: not one frame of its {self._stream.codec_context.name} video can be decoded"
            f"{why}. It is empty, damaged or cut off; try to play it."
        )

    def _stamp(self, frame: av.VideoFrame) -> Times:
        if self._arrivals is not None:
            return self._arrivals.stamp(time.monotonic()), None
        pts = frame.pts
        if self._by_dts:
            pts = self._last_dts + 1 if frame.dts is None else frame.dts
            self._last_dts = pts
        return self._clocks.stamp(pts, self._time_base, frame.duration)

    def _report_late_start(self, pts: int | None) -> None:
        if self.counters.report().repairs.get("late_first_pts") and pts is not None:
            late_s = float(pts * time_base_of(self._stream))
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
        alone = len(self._container.streams.video) == 1  # else they may be those of another stream
        if alone and layout.pictures is not None and found < layout.pictures:
            self.counters.cut_short(
                f"The recording is damaged: {found} of the {layout.pictures} pictures in it could "
                "be read."
            )

    def _compare_with_header(self, last_s: float) -> None:
        start_s = min(0.0, float((self._stream.start_time or 0) * time_base_of(self._stream)))
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
