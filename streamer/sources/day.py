"""When a recording began, as it was given or as its container says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streamer.core.day_clock import DayClock, parse_time_of_day
from streamer.sources.config import FROM_FILE, SourceConfig

_CREATED = ("com.apple.quicktime.creationdate", "creation_time")  # the first has the time zone


def day_of(
    config: SourceConfig, say: Callable[[str], None], tags: Mapping[str, str] | None = None
) -> DayClock | None:
    """The time of day at the start of the file, where it is asked for and known.

    say: is told where it is asked for and not known. tags: of the container.
    """
    if config.time_of_day != FROM_FILE:
        return config.day
    for name in _CREATED:
        try:
            return parse_time_of_day((tags or {})[name])
        except (KeyError, ValueError):
            continue
    say(
        "The recording gives no creation time: events have no time of day. Give it with "
        "--time-of-day 14:03:20."
    )
    return None
