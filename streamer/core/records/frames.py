"""Frames, and what is known of the source they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from streamer.core.day_clock import DayClock
from streamer.core.pictures import Picture, RgbOnDemand, held

HALF_MS = 0.0005


@dataclass(frozen=True)
class Frame:
    """One decoded frame. `time_s` is the time of capture, from the first frame of the stream.

    Made with an RGB array, or with a decoded picture that becomes one at the first look at `image`.
    """

    index: int
    time_s: float
    if TYPE_CHECKING:
        image: NDArray[np.uint8]  # [H, W, 3] RGB
    else:
        image: NDArray[np.uint8] = RgbOnDemand()
    media_s: float | None = None  # where a player of the file shows it; None: at `time_s`

    @property
    def picture(self) -> Picture:
        """What it was made with."""
        return held(self)

    @classmethod
    def of(cls, index: int, time_s: float, picture: Picture, media_s: float | None = None) -> Frame:
        """A frame with a picture that may not be RGB yet."""
        return cls(index, time_s, cast(Any, picture), media_s)

    def moved_to(self, index: int, time_s: float, media_s: float | None = None) -> Frame:
        """The same picture at another place in a stream."""
        return Frame.of(index, time_s, held(self), media_s)


@dataclass(frozen=True, slots=True)
class Loss:
    """A live source was lost after the frame at `time_s`; if more frames come, there is a gap."""

    time_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a recording that is asked for: start_s <= time < end_s, to half a millisecond.

    Frames from before and after it may be delivered too: to warm up, and to see events out.
    """

    start_s: float = 0.0
    end_s: float = float("inf")

    def place(self, time_s: float) -> Literal[-1, 0, 1]:
        """-1: before the part, 0: in it, 1: after it. Times that are printed have milliseconds."""
        if time_s < self.start_s - HALF_MS:
            return -1
        return 1 if time_s >= self.end_s - HALF_MS else 0


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its first frame; counts and rates are only claims."""

    name: str  # credentials removed
    kind: Literal["file", "images", "pipe", "camera", "network"]
    live: bool
    width_px: int
    height_px: int
    declared_fps: float | None
    declared_frames: int | None
    declared_duration_s: float | None
    part: Part | None = None  # None: all of it
    capture_fps: float | None = None  # by which times are given; None: by the container's times
    starts_at: DayClock | None = None  # the time of day of the first frame, where asked for

    @property
    def expected_s(self) -> float | None:
        """How long it lasts in time of capture, as far as the header says."""
        if self.capture_fps and self.declared_frames:
            return self.declared_frames / self.capture_fps
        if self.capture_fps and self.declared_fps and self.declared_duration_s:
            return self.declared_duration_s * self.declared_fps / self.capture_fps
        if self.declared_duration_s:
            return self.declared_duration_s
        if self.declared_frames and self.declared_fps:
            return self.declared_frames / self.declared_fps
        return None


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What happened while a source was read; a snapshot, valid at any time."""

    frames: int  # delivered
    dropped: int  # live only: oldest frames thrown away
    reconnects: int
    truncated: bool
    repairs: Mapping[str, int]  # e.g. {"late_first_pts": 1, "backward_pts": 3}
    errors: tuple[str, ...]  # sentences
