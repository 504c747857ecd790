"""Runs a command as a process of its own, with a time limit, and measures its memory."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.reliability.promises import ROOT, Ended

MER_STREAM = (sys.executable, "-m", "streamer")
MER_BATCH = (sys.executable, "-m", "streamer.cli.batch")


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This checkout is what is imported, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1", **(more or {})}


def run_process(
    command: Sequence[str | bytes],
    *,
    timeout_s: float = 60.0,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    preexec: Callable[[], None] | None = None,
    **streams: Any,
) -> Ended:
    """Run to the end; a command that takes longer is killed with all its processes.

    streams: `stdin`, `stdout`, `stderr` as subprocess takes them; files keep what is left out.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began_s = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(env),
            start_new_session=True,
            preexec_fn=preexec,
            stdin=streams.get("stdin", subprocess.DEVNULL),
            stdout=streams.get("stdout", out),
            stderr=streams.get("stderr", err),
        )
        code, peak_mb, late = wait_for(process.pid, timeout_s)
        process.returncode = code
        wall_s = time.monotonic() - began_s
        for stream in (out, err):
            stream.seek(0)
        return Ended(code, out.read(), err.read(), wall_s, peak_mb, late)


def wait_for(pid: int, timeout_s: float) -> tuple[int, float, bool]:
    """Wait for a leader of its own session: (code, peak memory in MB, was killed as too late)."""
    deadline_s = time.monotonic() + timeout_s
    late, pause_s = False, 0.002
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024, late
        if time.monotonic() > deadline_s and not late:
            late = True
            kill_group(pid)
        time.sleep(pause_s)
        pause_s = min(0.05, pause_s * 1.3)


def kill_group(pid: int) -> None:
    """SIGKILL to a session and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
