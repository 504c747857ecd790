"""The fingerprint names the preprocessing."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from recognition.config import MapConfig
from recognition.fingerprint import preprocessing_fingerprint


def test_it_is_short_and_stable() -> None:
    one, two = preprocessing_fingerprint(MapConfig()), preprocessing_fingerprint(MapConfig())
    assert one == two and len(one) == 16 and int(one, 16) >= 0


@pytest.mark.parametrize("name", [field.name for field in fields(MapConfig)])
def test_every_setting_counts(name: str) -> None:
    value = getattr(MapConfig(), name)
    other = (
        value + "x" if isinstance(value, str) else value + (1 if isinstance(value, int) else 0.1)
    )
    changed = replace(MapConfig(), **{name: other})
    assert preprocessing_fingerprint(changed) != preprocessing_fingerprint(MapConfig())
