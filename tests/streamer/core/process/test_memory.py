"""The bound on a process's memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streamer.core.process.memory import (
    default_limit_mb,
    is_memory_error,
    machine_mb,
    memory_limit_mb,
)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_memory_is_bounded() -> None:
    code = (
        "from streamer.core.process.memory import limit_memory, memory_limit_mb\n"
        "limit_memory(1500)\n"
        "assert memory_limit_mb() == 1500\n"
        "held = bytearray(200 * 2**20)\n"
        "try:\n    more = bytearray(1500 * 2**20)\nexcept MemoryError:\n    print('bounded')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "bounded", done.stderr
    assert memory_limit_mb() is None  # here


def test_a_default_is_a_share_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.core.process.memory.machine_mb", lambda: 64_000)
    monkeypatch.setattr("streamer.core.process.memory.Path.exists", lambda path: False)
    assert default_limit_mb(2) == 24_000
    assert default_limit_mb(64) == 4096  # a worker needs some room
    monkeypatch.setattr("streamer.core.process.memory.machine_mb", lambda: None)
    assert default_limit_mb(2) is None


@pytest.mark.skipif(sys.platform == "win32", reason="not known there")
def test_the_machine_has_memory() -> None:
    assert (machine_mb() or 0) > 100


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (MemoryError(), True),
        (RuntimeError("std::bad_alloc"), True),
        (ValueError("OpenCV: Insufficient memory (Failed to allocate 9 bytes)"), True),
        (ImportError("cv2.so: cannot map zero-fill pages"), True),
        (ImportError("libavcodec.so.62: failed to map segment from shared object"), True),
        (ImportError("libGL.so.1: cannot open shared object file"), False),
        (ValueError("odd"), False),
    ],
)
def test_words_for_it(error: Exception, wanted: bool) -> None:
    assert is_memory_error(error) is wanted
