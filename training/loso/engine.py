"""Which folds are trained together, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from streamer.batch.tasks import Execution
from training.common.tasks import do_all
from training.loso.config import LosoConfig, Recipe
from training.loso.folds import Fold
from training.loso.protocols import run_folds
from training.loso.registry import make_model
from training.loso.run_folder import Outcome
from training.models.base import Samples


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


def train_tasks(
    config: LosoConfig, samples: Samples, tasks: Sequence[Task], recipe: Recipe
) -> Iterator[list[Outcome]]:
    """Outcomes as they come. On CUDA every task on Ray takes one GPU."""
    execution = Execution(
        backend="ray" if config.engine == "ray" else "processes",
        workers=config.jobs,
        address=config.address,
        gpus=1 if recipe.device == "cuda" else 0,
    )
    work = partial(run_task, config.model, samples, recipe)
    return (outcomes for _, outcomes in do_all(work, tasks, execution))


def run_task(model: str, samples: Samples, recipe: Recipe, task: Task) -> list[Outcome]:
    """Trains one task; the model is made anew, so nothing is carried over."""
    return run_folds(make_model(model), samples, task.parts, recipe)
