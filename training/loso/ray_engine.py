"""Folds on many machines through Ray: a worker that dies has its task run again elsewhere.

What is finished is written by the driver as it comes in, so a run that is stopped goes on with the
folds that lack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from streamer.core.errors import InstallError
from training.loso.engine import Task, run_task
from training.loso.outcome import Outcome
from training.loso.settings import Recipe
from training.models.base import Samples

RETRIES = 5  # of a task whose worker or node was lost


def run_ray(
    model: str,
    samples: Samples,
    tasks: Sequence[Task],
    recipe: Recipe,
    address: str | None,
) -> Iterator[list[Outcome]]:
    """Outcomes as they come.

    With an address the tasks go to that cluster, else to the one that is running here, else to
    this machine. On CUDA every task takes one GPU.

    Raises:
        InstallError: ray is not installed.
    """
    ray = _import_ray()
    if not ray.is_initialized():
        ray.init(address=address, log_to_driver=False)
    gpus = 1 if recipe.device == "cuda" else 0
    remote = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=RETRIES)(_run_small)
    shared = ray.put(samples)
    pending = [remote.remote(model, shared, task, recipe) for task in tasks]
    while pending:
        ready, pending = ray.wait(pending, num_returns=1)
        yield ray.get(ready[0])


def _run_small(model: str, samples: Samples, task: Task, recipe: Recipe) -> list[Outcome]:
    """One task on one thread."""
    import torch

    torch.set_num_threads(1)
    return run_task(model, samples, task, recipe)


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InstallError(
            'the ray engine needs Ray: pip install "mer-stream[ray]", or choose --engine local'
        ) from error
    return ray
