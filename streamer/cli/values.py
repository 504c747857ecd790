"""Values of options as people write them: times and lists of numbers. Light."""

from __future__ import annotations

import math
import re

from streamer.core.errors import UsageError
from streamer.core.ranges import clip

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d*)?|[.,]\d+)\s*s?", re.ASCII)


def moment(name: str, text: str) -> float:
    """Seconds of `90`, `90.5`, `2.5s`, `1:30` or `0:01:30.500`. Raises UsageError.

    >>> moment("start", "1:30"), moment("start", "00:00:02.500"), moment("start", "7s")
    (90.0, 2.5, 7.0)
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"--{name} {clip(text)}: give seconds or h:m:s, as in 90, 2.5s, 1:30 or 00:01:30.500"
        )
    hours, minutes, seconds = found.groups()
    total_s = 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(seconds.replace(",", "."))
    if minutes is not None and float(seconds.replace(",", ".")) >= 60:
        raise UsageError(f"--{name} {clip(text)}: seconds after a colon are below 60.")
    return total_s


def several(name: str, text: str) -> list[float]:
    """Numbers with commas between them. Raises UsageError.

    >>> several("roi", "0.25, 0, 0.5, 1")
    [0.25, 0.0, 0.5, 1.0]
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(map(math.isfinite, values)):
        raise UsageError(f"--{name} {clip(text)}: give numbers with commas between them.")
    return values
