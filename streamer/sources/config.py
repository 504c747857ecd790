"""Settings of the source room. Light: no heavy imports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from streamer.core.day_clock import DayClock, parse_time_of_day
from streamer.core.errors import SettingError
from streamer.core.ranges import FrameRate, Help, Range, check_ranges
from streamer.sources.limits import MAX_MEGAPIXELS, MAX_SIDE_PX

Moment = Annotated[float, Range(0.0, 1e8)]  # seconds
Place = Annotated[float, Range(0.0, MAX_SIDE_PX)]  # pixels or shares
StreamNumber = Annotated[int, Range(0, 999)]
Level = Annotated[float, Range(-1e9, 1e9)]  # of brightness, as stored

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
    start_s: Annotated[
        Moment | None,
        Help("Begin here; times, frame numbers and events stay those of the whole recording."),
    ] = None
    end_s: Annotated[Moment | None, Help("End before this time of the recording.")] = None
    warm_up_s: Annotated[
        float,
        Range(0.0, 3600.0),
        Help("So much before the start is looked at, unreported, as the whole would have been."),
    ] = 15.0
    roi: Annotated[
        tuple[Place, Place, Place, Place] | None,
        Help(
            "Look at x,y,width,height of the turned picture only: in pixels, or in shares where "
            "none is above 1."
        ),
    ] = None
    mirror: Annotated[
        bool, Help("Flip left to right: the recording is of a camera that mirrors.")
    ] = False
    stream: Annotated[
        StreamNumber | None,
        Help(
            "Which of several video streams of a file, from 0; without it the one marked as "
            "default or the largest."
        ),
    ] = None
    levels: Annotated[
        tuple[Level, Level] | None,
        Help("LOW,HIGH: these levels of the pictures become black and white."),
    ] = None
    deinterlace: Annotated[bool, Help("Make whole pictures of interlaced ones.")] = False
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
        if self.end_s is not None and self.end_s <= (self.start_s or 0.0):
            raise SettingError(
                f"end_s ({self.end_s:g}) is not after start_s ({self.start_s or 0.0:g})."
            )
        if self.roi is not None and not (self.roi[2] > 0 and self.roi[3] > 0):
            raise SettingError(f"roi {self.roi} has no width or no height: x,y,width,height.")
        if self.levels is not None and not self.levels[0] < self.levels[1]:
            raise SettingError(f"levels {self.levels}: the first must be below the second.")

    @property
    def day(self) -> DayClock | None:
        """The time of day that was given; None where it is to be read from the container."""
        if self.time_of_day is None or self.time_of_day == FROM_FILE:
            return None
        return parse_time_of_day(self.time_of_day)

    def for_images(self) -> SourceConfig:
        """For pictures, which have no times of their own: the rate of the camera is theirs."""
        return self if self.capture_fps is None else replace(self, fps=self.capture_fps)
