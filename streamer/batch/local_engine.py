"""Recordings side by side in processes of this machine; one that crashes is started anew."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from streamer.batch.job import Job, Outcome, Progress, failed_outcome
from streamer.batch.worker import FATAL, Last, work
from streamer.core.errors import MerError, UnexpectedError

_TRIES = 2  # of a recording whose worker died
_POLL_S = 0.2
_GRACE_S = 5.0  # for a worker to end by itself
_IDLE_DEATHS = 5  # of workers without a recording, since the last outcome
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
    jobs: Sequence[Job],
    workers: int,
    stop: Callable[[], bool],
    *,
    verbose: bool = False,
    memory_mb: int | None = None,
) -> Generator[Event, None, None]:
    """Progress and outcomes of all jobs as they come.

    A worker that dies (a fault in native code, out of memory) takes only its recording with it:
    that one is tried once more from its beginning, and then reported as failed. When `stop` says
    so, every worker ends after its present frame; one that hangs is killed after some seconds.

    memory_mb: that one worker may take; None: no limit. Raises MerError for what would stop every
    recording.
    """
    crew = _Crew(min(workers, len(jobs)), verbose, memory_mb)
    try:
        yield from _run(crew, deque(jobs), stop)
    finally:
        crew.end()


def _run(crew: _Crew, waiting: deque[Job], stop: Callable[[], bool]) -> Iterator[Event]:
    tries: dict[str, int] = {}
    while waiting or crew.is_busy:
        if stop():
            waiting.clear()
            crew.stop_soon()
        crew.hand_out(waiting)
        for worker in crew.ready():
            job = worker.job
            message = crew.receive(worker)
            if job is None:
                continue
            if not isinstance(message, int):
                yield job, message
                continue
            tries[job.folder] = tries.get(job.folder, 0) + 1
            if crew.is_stopping:
                yield job, Outcome(job.shown, job.folder, "interrupted")
            elif tries[job.folder] < _TRIES:
                waiting.append(replace(job, anew=True))
            else:
                yield job, failed_outcome(job, _crashed(job, message, crew.memory_mb))


class _Crew:
    """The worker processes."""

    def __init__(self, size: int, verbose: bool, memory_mb: int | None) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._verbose = verbose
        self.memory_mb = memory_mb
        self._kill_at_s: float | None = None
        self._idle_deaths = 0
        self._workers = [self._start() for _ in range(size)]

    @property
    def is_busy(self) -> bool:
        return any(worker.job is not None for worker in self._workers)

    @property
    def is_stopping(self) -> bool:
        return self._kill_at_s is not None

    def hand_out(self, waiting: deque[Job]) -> None:
        """Give every free worker a job; one that has died meanwhile is replaced."""
        for worker in self._workers:
            if worker.job is None and waiting:
                job = waiting.popleft()
                try:
                    worker.pipe.send(job)
                except OSError:
                    waiting.appendleft(job)
                    self._replace(worker)
                else:
                    worker.job = job

    def ready(self) -> list[_Worker]:
        """Workers that have something to say, or have died."""
        heard = wait([w.pipe for w in self._workers], _POLL_S)
        return [worker for worker in self._workers if worker.pipe in heard]

    def receive(self, worker: _Worker) -> Progress | Outcome | int:
        """The next message; the exit code of a worker that died, and was replaced by another."""
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            return self._replace(worker)
        if isinstance(message, tuple) and message[0] == FATAL:
            raise WorkerError(message[1], message[2])
        if isinstance(message, Last):
            self._replace(worker)
            message = message.outcome
        if isinstance(message, Outcome):
            worker.job = None
            self._idle_deaths = 0
        return message

    def stop_soon(self) -> None:
        """Let each worker end after its present frame; kill those that do not come to one."""
        if self._kill_at_s is None:
            self._kill_at_s = time.monotonic() + _GRACE_S
            for worker in self._workers:
                worker.process.terminate()
        elif time.monotonic() > self._kill_at_s:
            for worker in self._workers:
                worker.process.kill()

    def end(self) -> None:
        """Send all workers home; those that do not go are killed."""
        for worker in self._workers:
            if worker.job is None:
                with contextlib.suppress(OSError):
                    worker.pipe.send(None)
            else:
                worker.process.terminate()
        until_s = time.monotonic() + _GRACE_S
        for worker in self._workers:
            _join_or_kill(worker.process, until_s)
            worker.pipe.close()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=work, args=(theirs, os.getpid(), self._verbose, self.memory_mb), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _replace(self, worker: _Worker) -> int:
        """Another process in place of one that died; returns its exit code."""
        _join_or_kill(worker.process, time.monotonic() + _GRACE_S)
        code = worker.process.exitcode or 0
        if worker.job is None and not self.is_stopping:
            self._idle_deaths += 1
            if self._idle_deaths > _IDLE_DEATHS:
                raise WorkerError(
                    1,
                    f"worker processes die before they begin a recording ({_how(code)}). Free "
                    "some memory, or give fewer --workers or a higher --worker-memory.",
                )
        worker.pipe.close()
        worker.job = None
        if not self.is_stopping:
            fresh = self._start()
            worker.process, worker.pipe = fresh.process, fresh.pipe
        else:
            self._workers = [w for w in self._workers if w is not worker]
        return code


def _join_or_kill(process: SpawnProcess, until_s: float) -> None:
    process.join(max(0.0, until_s - time.monotonic()))
    if process.is_alive():
        process.kill()
        process.join(_GRACE_S)


def _crashed(job: Job, exit_code: int, memory_mb: int | None) -> UnexpectedError:
    limit = "" if memory_mb is None else f" than the limit of {memory_mb} MB a worker"
    return UnexpectedError(
        f"{job.shown}: the worker process died twice on it ({_how(exit_code)}): it needs more "
        f"memory{limit or ' than there is'}, or there is a fault in native code. Give a higher "
        "--worker-memory with fewer --workers, or try it alone with mer-stream --verbose."
    )


def _how(exit_code: int) -> str:
    """In words, how a process ended."""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"exit code {exit_code}"
