"""The Ray backend of `executor`: what a lost machine was at is done again elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from streamer.batch.tasks import Context, Died, Event, Execution, Finished, Work, WorkerError
from streamer.core.errors import InstallError, MerError
from streamer.core.process.libraries import use_one_thread
from streamer.core.process.memory import limit_memory

RETRIES = 5  # of a task whose worker or machine was lost
_POLL_S = 0.5
_FATAL = "fatal"
_KEPT: dict[str, Work[Any, Any]] = {}  # of this process: Ray uses a worker process again


def run_on_ray(
    tasks: Sequence[Any],
    make_work: Callable[[], Work[Any, Any]],
    execution: Execution,
    stop: Callable[[], bool],
) -> Iterator[Event[Any, Any]]:
    """Results as they come, one core a task; no progress.

    With an address the tasks go to that cluster, else to the one that is running here, else to
    this machine.
    """
    ray = _import_ray()
    if not ray.is_initialized():
        ray.init(address=execution.address, log_to_driver=False)
    remote = ray.remote(num_cpus=1, num_gpus=execution.gpus, max_retries=RETRIES)(_do)
    shared = ray.put(make_work)
    key = shared.hex()
    pending = {remote.remote(shared, key, task, execution.memory_mb): task for task in tasks}
    while pending and not stop():
        ready, _ = ray.wait(list(pending), num_returns=1, timeout=_POLL_S)
        for reference in ready:
            yield _take(ray, reference, pending.pop(reference))
    for reference in pending:
        ray.cancel(reference, force=True)


def _take(ray: Any, reference: Any, task: Any) -> Event[Any, Any]:
    try:
        result = ray.get(reference)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return Died(task, reason)
    if isinstance(result, tuple) and result[:1] == (_FATAL,):
        raise WorkerError(result[1], result[2])
    return Finished(task, result)


def _do(make_work: Callable[[], Work[Any, Any]], key: str, task: Any, memory_mb: int | None) -> Any:
    """One task in a Ray worker. Errors that all would meet come back as data."""
    use_one_thread()
    if memory_mb is not None:
        limit_memory(memory_mb)
    try:
        if key not in _KEPT:
            _KEPT.clear()
            _KEPT[key] = make_work()
        return _KEPT[key](task, Context(lambda value: None))
    except MerError as error:
        return (_FATAL, error.exit_code, str(error))


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InstallError(
            'the ray engine needs Ray: pip install "mer-stream[ray]", or choose --engine local'
        ) from error
    return ray
