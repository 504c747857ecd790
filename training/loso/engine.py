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
    """Folds that are trained together under one seed."""

    folds: tuple[Fold, ...]
    seed: int


def make_tasks(todo: Sequence[tuple[Fold, int]], together: bool) -> list[Task]:
    """One task per seed where folds are trained together, else one per fold and seed."""
    if not together:
        return [Task((fold,), seed) for fold, seed in todo]
    seeds = sorted({seed for _, seed in todo})
    return [Task(tuple(f for f, own in todo if own == seed), seed) for seed in seeds]


def run_task(model: str, samples: Samples, task: Task, recipe: Recipe) -> list[Outcome]:
    """Trains one task; the model is made anew, so nothing is carried over."""
    return run_folds(make_model(model), samples, task.folds, task.seed, recipe)


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
