"""One worker process of the executor: takes tasks from a pipe, one at a time, and answers."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

from streamer.batch.tasks import Context, Execution
from streamer.core.errors import MerError
from streamer.core.process.libraries import use_one_thread
from streamer.core.process.memory import limit_memory
from streamer.core.process.stopping import StopFlag

_WATCH_S = 0.5


def work_on_tasks(pipe: Connection, parent: int, execution: Execution) -> None:
    """Entry point of a worker process: `make_work` first, then tasks until None.

    It answers ("progress", value), ("done", result), ("last", result) before it ends by itself, or
    ("fatal", exit code, sentence).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops its workers in good order
    stop = StopFlag()
    signal.signal(signal.SIGTERM, lambda *_: stop.stop())
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if execution.memory_mb is not None:
        limit_memory(execution.memory_mb)
    use_one_thread()
    from streamer.core.process.console import hushed, print_uncaught, set_up_logging

    set_up_logging(quiet=False, verbose=execution.verbose, log_file=None)
    with hushed(not execution.verbose):
        try:
            _serve(pipe, stop)
        except BrokenPipeError:  # nobody listens any more
            return
        except MerError as error:
            pipe.send(("fatal", error.exit_code, str(error)))
        except Exception as error:  # noqa: BLE001  a fault of the work: every task would meet it
            print_uncaught(*sys.exc_info())
            pipe.send(("fatal", 1, f"{type(error).__name__}: {error}"))


def _serve(pipe: Connection, stop: StopFlag) -> None:
    work = pipe.recv()()
    try:
        while not stop() and (held := _next(pipe)) is not None:
            task, attempt = held
            context = Context(lambda value: pipe.send(("progress", value)), stop, attempt)
            result = work(task, context)
            pipe.send(("last" if context.retires else "done", result))
            if context.retires:
                break
    finally:
        if hasattr(work, "close"):
            work.close()


def _next(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):  # the parent has gone
        return None


def _end_with(parent: int) -> None:
    """End this process with the one that started it, however that one ended."""
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)
