"""Many independent tasks at once, by the executor of mer-batch: in processes, or on Ray."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from streamer.batch.executor import run_tasks
from streamer.batch.tasks import Context, Died, Execution, Finished, Progressed, Work, WorkerError

Task = TypeVar("Task")
Result = TypeVar("Result")


def do_all(
    work: Callable[..., Result],
    tasks: Sequence[Task],
    execution: Execution,
    progress: Callable[[Any], object] | None = None,
) -> Iterator[tuple[Task, Result]]:
    """Each task with the result of `work(task)`, as they come; a single one is done here.

    With `progress`, it is `work(task, report)`: what is reported goes to `progress`.

    Raises:
        WorkerError: what the work raised in another process; a worker that died twice.
        InstallError: ray is not installed.
    """
    if execution.backend != "ray" and min(execution.workers, len(tasks)) <= 1:
        for task in tasks:
            yield task, work(task, progress) if progress else work(task)
        return
    make_work = partial(_make_work, work, progress is not None)
    for event in run_tasks(tasks, make_work, execution):
        if isinstance(event, Finished):
            yield event.task, event.result
        elif isinstance(event, Progressed) and progress:
            progress(event.value)
        elif isinstance(event, Died):
            raise WorkerError(
                1, f"a worker died at its task ({event.how}): run again, with fewer jobs"
            )


def _make_work(work: Callable[..., Result], reports: bool) -> Work[Any, Result]:
    """In a worker: one thread each, for modules that were loaded before that was asked for, too."""
    for name, setter in (("torch", "set_num_threads"), ("cv2", "setNumThreads")):
        if name in sys.modules:
            getattr(sys.modules[name], setter)(1)

    def do_one(task: Any, context: Context) -> Result:
        return work(task, context.report) if reports else work(task)

    return do_one
