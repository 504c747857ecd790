"""Limits that leave nothing are refused."""

from __future__ import annotations

import pytest

from demo.limits import Limits


@pytest.mark.parametrize("name", Limits.__slots__)
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_nothing_left_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .* not {value}"):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_the_defaults_are_those_of_the_help() -> None:
    limits = Limits()
    assert (limits.minutes, limits.upload_mb) == (10.0, 500)
    assert limits.workers == limits.live >= 1
    assert 4096 * 2160 <= 1e6 * limits.megapixels < 4097 * 2200
