"""Runs tasks side by side: in processes of this machine, on a Ray cluster, or one by one here.

A task is any value that can be pickled. `make_work` is an importable function that each process
calls once: it loads what all tasks need and returns the function that does one of them.

    def make_work() -> Work[Fold, float]:
        model = load_model()
        return lambda fold, context: train(model, fold)

    for event in run_tasks(folds, make_work, Execution(workers=4)):
        if isinstance(event, Finished):
            print(event.task, event.result)

A worker that dies (a fault in native code, out of memory) takes only its task with it: that one is
tried once more from its beginning, and is `Died` after that. What the work raises would stop every
task, and is raised to the caller as `WorkerError`: an error of one task alone is a result.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from streamer.batch.task_process import work_on_tasks
from streamer.batch.tasks import (
    Context,
    Died,
    Event,
    Execution,
    Finished,
    Progressed,
    Stopped,
    Work,
    WorkerError,
    never,
)
from streamer.core.process.stopping import holding_signals

T = TypeVar("T")
R = TypeVar("R")

_TRIES = 2  # of a task whose worker died
_POLL_S = 0.2
_GRACE_S = 5.0  # for a worker to end by itself
_IDLE_DEATHS = 5  # of workers without a task, since the last result


def run_tasks(
    tasks: Sequence[T],
    make_work: Callable[[], Work[T, R]],
    execution: Execution,
    stop: Callable[[], bool] = never,
) -> Generator[Event[T, R], None, None]:
    """Events of all tasks as they come.

    When `stop` says so, no task is begun any more and every worker is asked to end; one that does
    not is killed after some seconds.

    Raises MerError for what would stop every task, and InstallError where Ray is missing.
    """
    if execution.backend == "ray":
        from streamer.batch.executor_ray import run_on_ray

        yield from run_on_ray(tasks, make_work, execution, stop)
    elif execution.backend == "here":
        work = make_work()
        for task in tasks:
            if stop():
                return
            yield Finished(task, work(task, Context(lambda value: None, stop)))
    else:
        crew = _Crew(min(execution.workers, len(tasks)), make_work, execution)
        try:
            yield from _run(crew, deque((task, 0) for task in tasks), stop)
        finally:
            crew.end()


def _run(
    crew: _Crew, waiting: deque[tuple[Any, int]], stop: Callable[[], bool]
) -> Iterator[Event[Any, Any]]:
    while waiting or crew.is_busy:
        if stop():
            waiting.clear()
            crew.stop_soon()
        crew.hand_out(waiting)
        for worker in crew.ready():
            held = worker.held
            message = crew.receive(worker)
            if held is None:
                continue
            task, attempt = held
            if isinstance(message, tuple):
                kind, value = message
                yield Progressed(task, value) if kind == "progress" else Finished(task, value)
            elif crew.is_stopping:
                yield Stopped(task)
            elif attempt + 1 < _TRIES and not worker.is_late:
                waiting.append((task, attempt + 1))
            else:
                yield Died(task, f"over {crew.limit_s:g} s" if worker.is_late else message)


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    held: tuple[Any, int] | None = None  # task and attempt
    since_s: float = 0.0
    is_late: bool = False  # it was killed for taking too long


class _Crew:
    """The worker processes."""

    def __init__(self, size: int, make_work: Callable[[], Any], execution: Execution) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._make_work = make_work
        self._execution = execution
        self.limit_s = execution.limit_s
        self._kill_at_s: float | None = None
        self._idle_deaths = 0
        self._workers = [self._start() for _ in range(size)]

    @property
    def is_busy(self) -> bool:
        return any(worker.held is not None for worker in self._workers)

    @property
    def is_stopping(self) -> bool:
        return self._kill_at_s is not None

    def hand_out(self, waiting: deque[tuple[Any, int]]) -> None:
        """Give every free worker a task; one that has died meanwhile is replaced."""
        for worker in self._workers:
            if worker.held is None and waiting:
                held = waiting.popleft()
                try:
                    worker.pipe.send(held)
                except OSError:
                    waiting.appendleft(held)
                    self._replace(worker)
                else:
                    worker.held, worker.since_s = held, time.monotonic()
                    worker.is_late = False

    def ready(self) -> list[_Worker]:
        """Workers that have something to say, or have died."""
        self._kill_the_late()
        heard = wait([w.pipe for w in self._workers], _POLL_S)
        return [worker for worker in self._workers if worker.pipe in heard]

    def receive(self, worker: _Worker) -> tuple[str, Any] | str:
        """The next ("progress" or "done", value); how a worker died, which was replaced."""
        try:
            kind, *values = worker.pipe.recv()
        except (EOFError, OSError):
            return _how(self._replace(worker))
        if kind == "fatal":
            raise WorkerError(*values)
        if kind == "last":
            self._replace(worker)
        if kind != "progress":
            worker.held = None
            self._idle_deaths = 0
        return ("progress" if kind == "progress" else "done"), values[0]

    def stop_soon(self) -> None:
        """Let each worker end after its present piece of work; kill those that do not."""
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
            if worker.held is None:
                with contextlib.suppress(OSError):
                    worker.pipe.send(None)
            else:
                worker.process.terminate()
        until_s = time.monotonic() + _GRACE_S
        for worker in self._workers:
            _join_or_kill(worker.process, until_s)
            worker.pipe.close()

    def _kill_the_late(self) -> None:
        if self.limit_s is None:
            return
        for worker in self._workers:
            if worker.held is not None and time.monotonic() - worker.since_s > self.limit_s:
                worker.is_late = True
                worker.process.kill()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=work_on_tasks, args=(theirs, os.getpid(), self._execution), daemon=True
        )
        with holding_signals():
            process.start()
        theirs.close()
        with contextlib.suppress(OSError):  # it died already: found out when it gets a task
            ours.send(self._make_work)
        return _Worker(process, ours)

    def _replace(self, worker: _Worker) -> int:
        """Another process in place of one that died; returns its exit code."""
        _join_or_kill(worker.process, time.monotonic() + _GRACE_S)
        code = worker.process.exitcode or 0
        if worker.held is None and not self.is_stopping:
            self._idle_deaths += 1
            if self._idle_deaths > _IDLE_DEATHS:
                raise WorkerError(
                    1,
                    f"worker processes die before they begin a task ({_how(code)}). Free some "
                    "memory, or give fewer --workers or a higher --worker-memory.",
                )
        worker.pipe.close()
        worker.held = None
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


def _how(exit_code: int) -> str:
    """In words, how a process ended."""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"exit code {exit_code}"
