"""Entry points of worker processes that misbehave; see test_engine.py."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.connection import Connection

from streamer.batch.job import Outcome


def hangs(pipe: Connection, parent: int, verbose: bool, memory_mb: int | None) -> None:
    """Takes a job and never comes back; no signal that can be caught ends it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe.recv()
    pipe.send(None)  # at work
    while True:
        time.sleep(60)


def aborts(pipe: Connection, parent: int, verbose: bool, memory_mb: int | None) -> None:
    """Dies on every job, as native code does."""
    pipe.recv()
    os.kill(os.getpid(), signal.SIGKILL)


def works(pipe: Connection, parent: int, verbose: bool, memory_mb: int | None) -> None:
    """Does every job in no time; says in `frames` whether it was asked to begin anew."""
    while (job := pipe.recv()) is not None:
        pipe.send(Outcome(job.shown, job.folder, "done", frames=int(job.anew)))
