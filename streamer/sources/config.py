"""Settings of the source room. Light: no heavy imports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from streamer.core.day_clock import DayClock, parse_time_of_day
from streamer.core.ranges import FrameRate, Help, Range, check_ranges
from streamer.sources.limits import MAX_MEGAPIXELS

FROM_FILE = "file"  # a time of day: the one that the container gives


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """How sources are read. Times in seconds.

    Raises SettingError for a value out of range, ValueError for no time of day.
    """

    fps: Annotated[
        FrameRate | None, Help("Frames per second: of a folder of images, or asked of a webcam.")
    ] = None
    capture_fps: Annotated[
        FrameRate | None,
        Help(
            "Frames per second that the camera took, whatever the recording says: for slow motion, "
            "for raw streams, for a header that lies."
        ),
    ] = None
    time_of_day: Annotated[
        str | None,
        Help(
            "When the recording began, for events with the time of day: 14:03:20, "
            "2026-11-26T14:03:20+01:00, or file: the creation time in the container."
        ),
    ] = None
    queue_frames: Annotated[
        int,
        Range(1, 256),
        Help("Live: frames that wait at most; beyond that the oldest is dropped."),
    ] = 8
    read_timeout_s: Annotated[
        float,
        Range(0.01, 3600.0),
        Help("Live and network: opening, or one read, may take this long."),
    ] = 10.0
    reconnect_attempts: Annotated[
        int, Range(0, 1_000_000), Help("Live: failed attempts in a row before giving up.")
    ] = 8
    reconnect_backoff_s: Annotated[
        float,
        Range(0.0, 3600.0),
        Help("Live: wait before the first attempt, doubled for each next."),
    ] = 0.5
    reconnect_backoff_max_s: Annotated[
        float, Range(0.0, 3600.0), Help("Live: the longest wait between two attempts.")
    ] = 30.0
    max_megapixels: Annotated[
        float, Range(0.001, 4096.0), Help("Size of one picture; larger ones are refused.")
    ] = MAX_MEGAPIXELS
    rotate: Annotated[
        Literal[0, 90, 180, 270],
        Help("Degrees by which pictures are turned clockwise, after what their file says."),
    ] = 0
    from_luma: Annotated[
        bool,
        Help(
            "Measure on the decoder's own luma, and make RGB where it is asked for: faster, but "
            "events near a threshold can differ from those of RGB pictures that are pushed."
        ),
    ] = False
    decode_threads: Annotated[
        int, Range(0, 64), Help("Threads of the decoder; 0: by the picture and the cores.")
    ] = 0

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.time_of_day is not None and self.time_of_day != FROM_FILE:
            parse_time_of_day(self.time_of_day)

    @property
    def day(self) -> DayClock | None:
        """The time of day that was given; None where it is to be read from the container."""
        if self.time_of_day is None or self.time_of_day == FROM_FILE:
            return None
        return parse_time_of_day(self.time_of_day)

    def for_images(self) -> SourceConfig:
        """For pictures, which have no times of their own: the rate of the camera is theirs."""
        return self if self.capture_fps is None else replace(self, fps=self.capture_fps)
