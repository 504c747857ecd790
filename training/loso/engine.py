"""The local engine: which folds are still to do, trained here or in a few processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from training.loso.folds import Fold
from training.loso.outcome import Outcome
from training.loso.protocols import run_folds
from training.loso.settings import Recipe
from training.models.base import Samples
from training.models.registry import make_model


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Folds, each under its seed, that are trained together."""

    parts: tuple[tuple[Fold, int], ...]


def make_tasks(
    todo: Sequence[tuple[Fold, int]], together: bool, shared_out: bool = False
) -> list[Task]:
    """One task per fold and seed; all in one where folds are trained together.

    Those that are shared out among processes or machines make one task per seed then.
    """
    if not together:
        return [Task((part,)) for part in todo]
    seeds = sorted({seed for _, seed in todo})
    groups = [tuple(p for p in todo if p[1] == seed) for seed in seeds] if shared_out else [todo]
    return [Task(tuple(group)) for group in groups if group]


def run_task(model: str, samples: Samples, task: Task, recipe: Recipe) -> list[Outcome]:
    """Trains one task; the model is made anew, so nothing is carried over."""
    return run_folds(make_model(model), samples, task.parts, recipe)


def run_local(
    model: str, samples: Samples, tasks: Sequence[Task], recipe: Recipe, jobs: int
) -> Iterator[list[Outcome]]:
    """Outcomes as they come; with several jobs, each in a process of its own with one thread."""
    if jobs <= 1 or len(tasks) <= 1:
        for task in tasks:
            yield run_task(model, samples, task, recipe)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start_worker) as pool:
        futures = [pool.submit(run_task, model, samples, task, recipe) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _start_worker() -> None:
    import torch

    torch.set_num_threads(1)
