"""One worker process: takes jobs from a pipe, one at a time, and tells how they go."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from streamer.batch.job import Job, Outcome, Progress, failed_outcome
from streamer.core.errors import MerError
from streamer.core.process.memory import limit_memory
from streamer.core.process.stopping import StopFlag

if TYPE_CHECKING:
    from streamer.batch.pipelines import Pipelines

_WATCH_S = 0.5
FATAL = "fatal"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Last:
    """The outcome after which a worker ends, as another does better: memory may be lost, say."""

    outcome: Outcome


def work(pipe: Connection, parent: int, verbose: bool, memory_mb: int | None) -> None:
    """Entry point of the process.

    Messages: Progress, Outcome, Last, or (FATAL, exit code, sentence).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops its workers in good order
    stop = StopFlag()
    signal.signal(signal.SIGTERM, lambda *_: stop.stop())
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if memory_mb is not None:
        limit_memory(memory_mb)
    use_one_thread()
    from streamer.core.process.console import hushed, print_uncaught, set_up_logging

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
    from streamer.batch.pipelines import Pipelines

    pipelines = Pipelines()
    while not stop():
        try:
            job: Job | None = pipe.recv()
        except (EOFError, OSError):
            break
        if job is None:
            break
        try:
            outcome = attempt(job, pipelines, lambda p: _tell(pipe, p), stop)
            if pipelines.is_spoilt:
                pipe.send(Last(outcome))
                break
            pipe.send(outcome)
        except MerError as error:
            pipe.send((FATAL, error.exit_code, str(error)))
        except BrokenPipeError:
            break
    pipelines.close()


def attempt(
    job: Job,
    pipelines: Pipelines,
    tell: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """The outcome of a recording; what nobody expected ends that recording alone."""
    from streamer.batch.recording import do_recording, unexpected

    try:
        return do_recording(job, pipelines, report=tell, stop=stop)
    except (MerError, BrokenPipeError):
        raise
    except Exception as error:
        pipelines.is_spoilt = True
        logging.getLogger(__name__).debug("%s failed", job.shown, exc_info=error)
        return failed_outcome(job, unexpected(job, error))


def _tell(pipe: Connection, progress: Progress) -> None:
    pipe.send(progress)


def _end_with(parent: int) -> None:
    """End this process with the one that started it, however that one ended."""
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)
