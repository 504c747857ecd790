"""Chooses the clocks of one recording, and says what they are where that is not plain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

import av
from av.container import InputContainer

from streamer.core.day_clock import DayClock, parse_time_of_day
from streamer.core.errors import UsageError
from streamer.core.records import SourceInfo
from streamer.sources.capture import SAME_S, EvenClock, RecordingClock
from streamer.sources.clock_check import ClockCheck
from streamer.sources.config import FROM_FILE, SourceConfig
from streamer.sources.counters import SourceCounters
from streamer.sources.decode import STARTS_ANYWHERE
from streamer.sources.rates import Verdict, find_rate, header_rate
from streamer.sources.timing import LATE_START_S, PresentationClock

Times: TypeAlias = tuple[float, float | None]
"""time_s, and media_s where that is not the same."""

# Streams that all begin later than this are on a clock that counts from somewhere else: players
# begin at their start, as with broadcasts. Sound or pictures that begin later than the other do so
# by less.
_OTHER_CLOCK_S = 10.0
_CREATED = ("com.apple.quicktime.creationdate", "creation_time")  # the first has the time zone


class RecordingClocks:
    """Times of the frames of one container. State: that of its clocks."""

    def __init__(
        self,
        container: InputContainer,
        stream: av.VideoStream,
        config: SourceConfig,
        info: SourceInfo,
        counters: SourceCounters,
        header_fps: float | None,
        max_gap_s: float,
    ) -> None:
        """header_fps: by the header, where the time stamps are of no use.

        Raises UsageError for a rate that the source has no use for.
        """
        self._counters = counters
        self._info = info
        self._day = _day_of(config, {**stream.metadata, **container.metadata})
        self._asks_day = config.time_of_day is not None
        if info.live and config.capture_fps is not None:
            raise UsageError(
                f"{info.name} is live: its frames have the times at which they came. Leave "
                "--capture-fps out."
            )
        verdict = (
            Verdict() if info.live else find_rate(container, stream, config, info.name, header_fps)
        )
        self._rate, self._hint = verdict.rate, verdict.sentence
        anywhere = bool(container.format.flags & STARTS_ANYWHERE)
        plain = self._rate is None and not self._hint and not info.live
        self._check = ClockCheck((info.declared_fps, header_rate(stream))) if plain else None
        presentation = PresentationClock(
            counters.repair,
            info.declared_fps,
            info.declared_duration_s,
            starts_at_zero=not (info.live or anywhere),
            max_gap_s=max_gap_s,
        )
        self._clock = RecordingClock(
            presentation if self._rate is None or self._rate.has_places else None,
            None if self._rate is None else EvenClock(self._rate.fps),
            player_zero_s(container),
            self._check,
            has_places=not info.live,
            # AVI has the order of decoding only: FFmpeg's guess is late by a frame or two.
            least_s=LATE_START_S if container.format.name == "avi" else SAME_S,
        )

    @property
    def last_s(self) -> float:
        """Presentation time of the last frame, from the first."""
        return self._clock.last_s

    def describe(self, first_pts: int | None, time_base: Fraction) -> SourceInfo:
        """What is known of the source, with its rate and its time of day."""
        info, rate = self._info, self._rate
        if self._day is not None:
            start_s = self._clock.place_of_first(first_pts, time_base)
            info = replace(info, starts_at=self._day.later(start_s))
        if rate is None:
            return info
        if not rate.has_places:
            return replace(info, declared_fps=rate.fps)
        return replace(info, capture_fps=rate.fps)

    def stamp(self, pts: int | None, time_base: Fraction, duration: int | None) -> Times:
        """The times of the next frame, in order of presentation."""
        if self._rate is not None and self._rate.repair:
            self._counters.repair(self._rate.repair)
        return self._clock.stamp(pts, time_base, duration)

    def tell(self) -> None:
        """At the beginning: say which rate is used, where that is not plain."""
        for sentence in (self._hint, self._rate.sentence if self._rate is not None else ""):
            if sentence:
                self._counters.say(sentence)
        if self._asks_day and self._day is None:
            self._counters.say(
                "The recording gives no creation time: events have no time of day. Give it with "
                "--time-of-day 14:03:20."
            )

    def tell_at_end(self) -> None:
        """At the end: say what is odd about the clock."""
        sentence = self._check.sentence() if self._check is not None else ""
        if sentence:
            self._counters.say(sentence)


def player_zero_s(container: InputContainer) -> float:
    """The container's time at which a player begins to count, in seconds."""
    anywhere = bool(container.format.flags & STARTS_ANYWHERE)
    start_s = (container.start_time or 0) / av.time_base
    return start_s if anywhere or start_s < 0 or start_s > _OTHER_CLOCK_S else 0.0


def _day_of(config: SourceConfig, tags: Mapping[str, str]) -> DayClock | None:
    """The time of day at the beginning of the file, where it is asked for and known."""
    if config.time_of_day != FROM_FILE:
        return config.day
    for name in _CREATED:
        try:
            return parse_time_of_day(tags[name])
        except (KeyError, ValueError):
            continue
    return None
