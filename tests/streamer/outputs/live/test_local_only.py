"""Pages of other sites, and names that were turned to point here, get nothing."""

from __future__ import annotations

import pytest

from streamer.outputs.live.local_only import refusal

HOST = ("Host", "127.0.0.1:8765")


def refused(*headers: tuple[str, str]) -> bool:
    return bool(refusal([(name.encode(), value.encode("latin-1")) for name, value in headers]))


@pytest.mark.parametrize(
    "headers",
    [
        (HOST,),
        (("host", "localhost:8765"),),
        (("host", "[::1]:8765"),),
        (HOST, ("origin", "http://localhost:5173")),
        (HOST, ("Origin", "http://127.0.0.1:8765"), ("Sec-Fetch-Site", "cross-site")),
        (HOST, ("Sec-Fetch-Site", "none")),
    ],
)
def test_programs_of_this_machine_are_answered(headers: tuple[tuple[str, str], ...]) -> None:
    assert not refused(*headers)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (HOST, HOST),
        (("host", "evil.example:8765"),),
        (("host", "127.0.0.1.evil.example"),),
        (("host", "127.0.0.1@evil.example"),),
        (HOST, ("origin", "http://evil.example")),
        (HOST, ("origin", "null")),
        (HOST, ("origin", "")),
        (HOST, ("origin", "http://127.0.0.1.evil.example")),
        (HOST, ("origin", "http://localhost"), ("origin", "http://evil.example")),
        (HOST, ("origin", "file://localhost")),
        (HOST, ("sec-fetch-site", "cross-site")),
        (("host", "[::1"),),
    ],
)
def test_others_are_not(headers: tuple[tuple[str, str], ...]) -> None:
    assert refused(*headers)
