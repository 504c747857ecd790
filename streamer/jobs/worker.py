"""One worker process: takes jobs from a pipe, one at a time, and tells how they go."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

from streamer.errors import MerError
from streamer.jobs.job import Job, Progress
from streamer.stopping import StopFlag

_WATCH_S = 0.5
FATAL = "fatal"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def work(pipe: Connection, parent: int, verbose: bool) -> None:
    """Entry point of the process. Messages: Progress, Outcome, or (FATAL, exit code, sentence)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops its workers in good order
    stop = StopFlag()
    signal.signal(signal.SIGTERM, lambda *_: stop.stop())
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    use_one_thread()
    from streamer.console import hushed, print_uncaught, set_up_logging

    set_up_logging(quiet=False, verbose=verbose, log_file=None)
    with hushed(not verbose):
        try:
            _serve(pipe, stop)
        except Exception:  # noqa: BLE001  multiprocessing would print it with all its secrets
            print_uncaught(*sys.exc_info())
            sys.exit(1)


def use_one_thread() -> None:
    """Let numeric libraries, imported from here on, leave the other cores to other processes."""
    for name in _THREADS:
        os.environ.setdefault(name, "1")


def _serve(pipe: Connection, stop: StopFlag) -> None:
    from streamer.jobs.recording import do_recording
    from streamer.jobs.walk import Pipelines

    pipelines = Pipelines()
    while not stop():
        try:
            job: Job | None = pipe.recv()
        except (EOFError, OSError):
            break
        if job is None:
            break
        try:
            pipe.send(do_recording(job, pipelines, tell=lambda p: _tell(pipe, p), stop=stop))
        except MerError as error:
            pipe.send((FATAL, error.exit_code, str(error)))
        except BrokenPipeError:
            break
    pipelines.close()


def _tell(pipe: Connection, progress: Progress) -> None:
    pipe.send(progress)


def _end_with(parent: int) -> None:
    """End this process with the one that started it, however that one ended."""
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)
