"""Work that misbehaves, by the name of its task; see test_executor.py."""

from __future__ import annotations

import os
import signal
import time

from streamer.batch.tasks import Context
from streamer.core.errors import ModelError


def make_work() -> _Work:
    return _Work()


class _Work:
    """`hangs`, `dies` (every time, or `dies once`), `raises`, `odd`, `slow`, `retires`; the rest
    is done in no time.
    """

    def __call__(self, task: str, context: Context) -> tuple[str, int, int]:
        context.report(f"at {task}")
        if task == "hangs":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        if task == "dies" or (task == "dies once" and context.attempt == 0):
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "raises":
            raise ModelError("no model")
        if task == "odd":
            raise ZeroDivisionError("odd")
        if task == "slow":
            while not context.stop():
                time.sleep(0.02)
        if task == "retires":
            context.retire()
        return task, context.attempt, os.getpid()


def make_nothing() -> _Work:
    raise ModelError("nothing to load")
