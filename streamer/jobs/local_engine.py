"""Recordings side by side in processes of this machine; one that crashes is started anew."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from streamer.errors import MerError
from streamer.jobs.job import Job, Outcome, Progress
from streamer.jobs.worker import FATAL, work

_TRIES = 2  # of a recording whose worker died
_POLL_S = 0.2
_JOIN_S = 10.0
Event = tuple[Job, Progress | Outcome]


class WorkerError(MerError):
    """What a worker met that all recordings would meet."""

    def __init__(self, exit_code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: Job | None = None


def run_local(
    jobs: Sequence[Job], workers: int, stop: Callable[[], bool], *, verbose: bool = False
) -> Generator[Event, None, None]:
    """Progress and outcomes of all jobs as they come.

    A worker that dies (out of memory, a fault in native code) takes only its recording with it:
    that one is tried once more, and then reported as failed. Raises MerError for what would stop
    every recording.
    """
    crew = _Crew(min(workers, len(jobs)), verbose)
    try:
        yield from _run(crew, deque(jobs), stop)
    finally:
        crew.end()


def _run(crew: _Crew, waiting: deque[Job], stop: Callable[[], bool]) -> Iterator[Event]:
    tries: dict[str, int] = {}
    told_to_stop = False
    while waiting or crew.is_busy:
        if stop() and not told_to_stop:
            told_to_stop = True
            waiting.clear()
            crew.ask_to_stop()
        crew.hand_out(waiting)
        for worker in crew.ready():
            job = worker.job
            message = crew.receive(worker)
            if job is None:
                continue
            if message is not None:
                yield job, message
                continue
            tries[job.folder] = tries.get(job.folder, 0) + 1
            if told_to_stop:
                yield job, Outcome(job.shown, job.folder, "interrupted")
            elif tries[job.folder] < _TRIES:
                waiting.append(job)
            else:
                yield job, _crashed(job)


class _Crew:
    """The worker processes."""

    def __init__(self, size: int, verbose: bool) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._verbose = verbose
        self._workers = [self._start() for _ in range(size)]

    @property
    def is_busy(self) -> bool:
        return any(worker.job is not None for worker in self._workers)

    def hand_out(self, waiting: deque[Job]) -> None:
        """Give every free worker a job."""
        for worker in self._workers:
            if worker.job is None and waiting:
                worker.job = waiting.popleft()
                worker.pipe.send(worker.job)

    def ready(self) -> list[_Worker]:
        """Workers that have something to say, or have died."""
        heard = wait([w.pipe for w in self._workers], _POLL_S)
        return [worker for worker in self._workers if worker.pipe in heard]

    def receive(self, worker: _Worker) -> Progress | Outcome | None:
        """The next message; None where the worker died, and another has taken its place."""
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            fresh = self._start()
            worker.process, worker.pipe, worker.job = fresh.process, fresh.pipe, None
            return None
        if isinstance(message, tuple) and message[0] == FATAL:
            raise WorkerError(message[1], message[2])
        if isinstance(message, Outcome):
            worker.job = None
        return message

    def ask_to_stop(self) -> None:
        """Let each worker end after its present frame."""
        for worker in self._workers:
            worker.process.terminate()

    def end(self) -> None:
        """Send all workers home; those that do not go are killed."""
        for worker in self._workers:
            if worker.job is None:
                try:
                    worker.pipe.send(None)
                except OSError:
                    continue
            else:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_JOIN_S)
            if worker.process.is_alive():
                worker.process.kill()
            worker.pipe.close()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=work, args=(theirs, os.getpid(), self._verbose), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _crashed(job: Job) -> Outcome:
    return Outcome(
        job.shown,
        job.folder,
        "failed",
        exit_code=1,
        error=f"{job.shown}: the worker process died twice on it (out of memory, or a fault in "
        "native code). Try it alone with mer-stream --verbose.",
    )
