"""Recordings on many machines through Ray: what a lost machine was at is done again elsewhere.

A task works on the disk of its machine and publishes a finished folder at once, so a recording
that was done twice (its machine was thought lost) still has one log: the first that was published.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streamer.batch.job import Job, Outcome, Progress
from streamer.batch.local_engine import WorkerError
from streamer.batch.names import without_name
from streamer.batch.worker import attempt, use_one_thread
from streamer.core.errors import InstallError, MerError
from streamer.core.files.paths import expand_home
from streamer.core.process.memory import limit_memory

if TYPE_CHECKING:
    from streamer.batch.pipelines import Pipelines

RETRIES = 5  # of a recording whose worker or machine was lost
_POLL_S = 0.5
_FATAL = "fatal"
_SCRATCH = "machine"  # the folder for unfinished work of whichever machine does the recording


def run_ray(
    jobs: Sequence[Job],
    address: str | None,
    stop: Callable[[], bool],
    memory_mb: int | None = None,
) -> Generator[tuple[Job, Progress | Outcome], None, None]:
    """Outcomes as they come, one core a recording.

    With an address the recordings go to that cluster, else to the one that is running here, else
    to this machine. Inputs and outputs must be reachable from every machine: a shared folder, or a
    URL.

    Raises InstallError where Ray is missing, and what would stop every recording.
    """
    ray = _import_ray()
    if not ray.is_initialized():
        ray.init(address=address, log_to_driver=False)
    remote = ray.remote(num_cpus=1, max_retries=RETRIES)(_do)
    batch = uuid.uuid4().hex
    pending = {remote.remote(_on_node(job, batch), memory_mb): job for job in jobs}
    while pending and not stop():
        ready, _ = ray.wait(list(pending), num_returns=1, timeout=_POLL_S)
        for reference in ready:
            yield _take(ray, reference, pending.pop(reference))
    for reference in pending:
        ray.cancel(reference, force=True)


def _take(ray: Any, reference: Any, job: Job) -> tuple[Job, Outcome]:
    try:
        result = ray.get(reference)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        reason = without_name(reason, job.source, "", job.shown)
        sentence = f"{job.shown}: its machines were lost {RETRIES + 1} times ({reason})."
        return job, Outcome(job.shown, job.folder, "failed", exit_code=1, error=sentence)
    if isinstance(result, tuple) and result[0] == _FATAL:
        raise WorkerError(result[1], result[2])
    return job, result


def _on_node(job: Job, batch: str) -> Job:
    """Unfinished work lies on the machine that does it; paths are made to hold there too."""
    local = expand_home(job.output)
    output = job.output if "://" in job.output else str(local.absolute())
    source = job.source
    if "://" not in source and source != "sample":
        source = str(expand_home(source).absolute())
    scratch = job.scratch or _SCRATCH
    return replace(job, output=output, source=source, scratch=scratch, batch=batch)


def _do(job: Job, memory_mb: int | None) -> Outcome | tuple[str, int, str]:
    """One recording in a Ray worker. Errors that all would meet come back as data."""
    use_one_thread()
    if memory_mb is not None:
        limit_memory(memory_mb)
    from streamer.batch.recording import default_scratch

    try:
        if job.scratch == _SCRATCH:
            job = replace(job, scratch=str(default_scratch()))
        return attempt(job, _pipelines())
    except MerError as error:
        return (_FATAL, error.exit_code, str(error))


@functools.lru_cache(maxsize=1)
def _pipelines() -> Pipelines:
    """Ray uses a worker process again: its models are loaded once."""
    from streamer.batch.pipelines import Pipelines

    return Pipelines()


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InstallError(
            'the ray engine needs Ray: pip install "mer-stream[ray]", or choose --engine local'
        ) from error
    return ray
