"""Many independent tasks at once: in processes of this machine, or on the machines of Ray."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Literal, TypeVar

from streamer.core.errors import InstallError

Task = TypeVar("Task")
Result = TypeVar("Result")

RETRIES = 5  # of a task whose worker or node was lost


@dataclass(frozen=True, slots=True)
class Pool:
    """Where tasks run. With an address Ray is that cluster, else the one that runs here."""

    jobs: int = 1
    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    gpus: int = 0  # of every task, on Ray


def run_tasks(
    work: Callable[[Task], Result], tasks: Sequence[Task], pool: Pool
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, as they come; several at once work with one thread each.

    Raises:
        InstallError: ray is not installed. And whatever `work` raises.
    """
    if pool.engine == "ray" and tasks:
        yield from _on_ray(work, tasks, pool)
    elif pool.jobs <= 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, work(task)
    else:
        yield from _in_processes(work, tasks, pool.jobs)


def _in_processes(
    work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[Task, Result]]:
    with ProcessPoolExecutor(jobs, get_context("spawn")) as processes:
        futures = {processes.submit(_on_one_thread, work, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            processes.shutdown(wait=False, cancel_futures=True)


def _on_ray(
    work: Callable[[Task], Result], tasks: Sequence[Task], pool: Pool
) -> Iterator[tuple[Task, Result]]:
    """A worker that dies has its task run again elsewhere."""
    ray = _import_ray()
    if not ray.is_initialized():
        ray.init(address=pool.address, log_to_driver=False)
    remote = ray.remote(num_cpus=1, num_gpus=pool.gpus, max_retries=RETRIES)(_on_one_thread)
    shared = ray.put(work)
    pending = {remote.remote(shared, task): task for task in tasks}
    while pending:
        ready, _ = ray.wait(list(pending), num_returns=1)
        yield pending.pop(ready[0]), ray.get(ready[0])


def _on_one_thread(work: Callable[[Task], Result], task: Task) -> Result:
    """The modules of the work are loaded by now."""
    for name, setter in (("torch", "set_num_threads"), ("cv2", "setNumThreads")):
        if name in sys.modules:
            getattr(sys.modules[name], setter)(1)
    return work(task)


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InstallError(
            'the ray engine needs Ray: pip install "mer-stream[ray]", or choose --engine local'
        ) from error
    return ray
