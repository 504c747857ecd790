"""Times of day: what is understood, and what comes out."""

from __future__ import annotations

import pytest

from streamer.core.day_clock import parse_time_of_day
from streamer.core.errors import UsageError
from streamer.run.config import load_config
from streamer.sources import SourceConfig


@pytest.mark.parametrize(
    ("text", "at_s", "wanted"),
    [
        ("14:03", 0.0, "14:03:00.000"),
        ("9:03:20", 1.5, "09:03:21.500"),
        ("14:03:20.25", 0.1666666, "14:03:20.417"),
        ("14:03:20,25", 0.0, "14:03:20.250"),
        ("23:59:59.9", 0.2, "00:00:00.100"),  # past midnight
        ("2026-11-26T14:03:20", 3600.0, "2026-11-26T15:03:20.000"),
        ("2026-11-26 14:03:20+01:00", 0.0, "2026-11-26T14:03:20.000+01:00"),
        ("2026-11-26T14:03:20+0100", 0.0, "2026-11-26T14:03:20.000+01:00"),
        ("2026-11-26T14:03:20.000000Z", 86400.0, "2026-11-27T14:03:20.000+00:00"),
    ],
)
def test_a_time_of_day(text: str, at_s: float, wanted: str) -> None:
    assert parse_time_of_day(text).at(at_s) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "noon", "25:00:00", "10:61", "2026-13-01T10:00:00", "1904-01-01T00:00:00Z", "2026-11-26",
     "-1:00", "10:00:00\n", "9999-12-31T23:59:59"],
)  # fmt: skip
def test_what_is_no_time_of_day_is_refused_with_the_cure(text: str) -> None:
    if text.strip() != text:
        assert parse_time_of_day(text).at(0.0) == "10:00:00.000"
        return
    with pytest.raises(ValueError, match=r"no time of day\. Write it as 14:03:20"):
        parse_time_of_day(text)


def test_a_recording_that_begins_later() -> None:
    assert parse_time_of_day("10:00:00").later(2.5).at(1.0) == "10:00:03.500"


def test_the_setting_is_checked() -> None:
    assert SourceConfig(time_of_day="file").time_of_day == "file"
    with pytest.raises(UsageError, match="'noon' is no time of day"):
        load_config(None, [("source.time_of_day", "noon")])
