"""The time of day at which something in a recording happened."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, replace

_TIME_ONLY = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d{1,6})?)?")
_FRACTION = re.compile(r"([.,])(\d+)")
_ANY_DAY = datetime.date(2000, 1, 1)  # of a time without a date
_OLDEST = 1971  # years before are what an empty field gives: 1904 in MP4, 1970 elsewhere


@dataclass(frozen=True, slots=True)
class DayClock:
    """The time of day of the first frame."""

    start: datetime.datetime
    dated: bool  # False: only the time of day is known, and shown

    def at(self, time_s: float) -> str:
        """ISO 8601, to the millisecond, `time_s` after the first frame.

        >>> parse_time_of_day("23:59:59").at(1.25)
        '00:00:00.250'
        >>> parse_time_of_day("2026-11-26T10:00:00Z").at(61)
        '2026-11-26T10:01:01.000+00:00'
        """
        moment = self.start + datetime.timedelta(milliseconds=round(1000 * time_s))
        moment = moment if self.dated else moment.replace(tzinfo=None)
        text = moment.isoformat(timespec="milliseconds")
        return text if self.dated else text.partition("T")[2]

    def later(self, time_s: float) -> DayClock:
        """The clock of a recording that begins `time_s` later."""
        return replace(self, start=self.start + datetime.timedelta(seconds=time_s))


def parse_time_of_day(text: str) -> DayClock:
    """`14:03:20.5`, or a date with it: `2026-11-26T14:03:20+01:00`.

    Raises ValueError with a sentence for anything else.
    """
    text = text.strip()
    if _TIME_ONLY.fullmatch(text):
        hours, _, rest = text.partition(":")
        start = _parse(f"{_ANY_DAY.isoformat()}T{int(hours):02d}:{rest}")
        if start is not None:
            return DayClock(start, dated=False)
    start = _parse(text) if ":" in text else None
    if start is None or not _OLDEST <= start.year < 9000:
        raise ValueError(
            f"{text[:40]!r} is no time of day. Write it as 14:03:20, or with the date: "
            "2026-11-26T14:03:20, 2026-11-26T14:03:20+01:00; `file` takes the creation time that "
            "the container gives"
        )
    return DayClock(start, dated=True)


def _parse(text: str) -> datetime.datetime | None:
    """As Python 3.11 reads ISO 8601, on 3.10 too."""
    text = re.sub(r"[zZ]$", "+00:00", text.replace(" ", "T", 1))
    text = re.sub(r"([+-]\d{2})(\d{2})$", r"\1:\2", text)
    text = _FRACTION.sub(lambda found: "." + found[2][:6].ljust(6, "0"), text, count=1)
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
