"""A lock is held by one at a time, and ends with whoever held it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streamer.core.files.locks import HAS_LOCKS, try_lock

pytestmark = pytest.mark.skipif(not HAS_LOCKS, reason="this system has no such locks")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_one_holder_at_a_time(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "held"
    path.touch() if kind == "file" else path.mkdir()
    first, second = (os.open(path, os.O_RDONLY) for _ in range(2))
    try:
        assert try_lock(first) and try_lock(first)
        assert not try_lock(second)
        os.close(first)
        assert try_lock(second)
    finally:
        os.close(second)
