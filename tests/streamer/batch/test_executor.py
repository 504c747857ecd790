"""Workers that hang, die and raise: each takes only its own task with it."""

from __future__ import annotations

import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from streamer.batch import executor
from streamer.batch.executor import _Crew, run_tasks
from streamer.batch.tasks import Died, Execution, Finished, Progressed, Stopped, WorkerError, never
from streamer.core.errors import ModelError, SettingError
from tests.streamer.batch.fake_workers import make_nothing, make_work

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def run(
    *tasks: str, stop: Callable[[], bool] = never, **limits: Any
) -> list[tuple[str, str, object]]:
    """(kind, task, what is known) of all events."""
    found = []
    for event in run_tasks(tasks, make_work, Execution(**limits), stop):
        known = getattr(event, "result", getattr(event, "how", getattr(event, "value", None)))
        found.append((type(event).__name__, event.task, known))
    return found


def test_tasks_are_told_of_and_finished() -> None:
    found = run("a", "b", "c", workers=2)
    assert sorted(task for kind, task, _ in found if kind == "Finished") == ["a", "b", "c"]
    assert ("Progressed", "a", "at a") in found


def test_one_that_dies_is_tried_once_more_and_then_given_up() -> None:
    found = run("dies", "dies once", "a")
    ended = {task: (kind, known) for kind, task, known in found if kind != "Progressed"}
    assert ended["dies"] == ("Died", "SIGKILL")
    assert ended["dies once"][0] == "Finished" and ended["dies once"][1][1] == 1  # type: ignore[index]
    assert ended["a"][0] == "Finished"
    assert sum(task == "dies" for kind, task, _ in found if kind == "Progressed") == 2


def test_one_that_takes_too_long_is_killed_and_not_tried_again() -> None:
    found = run("hangs", "a", limit_s=3.0)
    assert [f for f in found if f[0] == "Died"] == [("Died", "hangs", "over 3 s")]
    assert "Finished" in [kind for kind, task, _ in found if task == "a"]
    assert sum(task == "hangs" for _, task, _ in found) == 2


@pytest.mark.parametrize(("task", "kind"), [("slow", "Finished"), ("hangs", "Stopped")])
def test_stopping_ends_what_runs_and_begins_nothing(
    task: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "_GRACE_S", 0.5)
    begun = threading.Event()
    ended = []
    for event in run_tasks([task, "a"], make_work, Execution(), begun.is_set):
        if isinstance(event, Progressed):
            begun.set()
        else:
            ended.append((type(event), event.task))
    assert ended == [({"Finished": Finished, "Stopped": Stopped}[kind], task)]


@pytest.mark.parametrize(
    ("task", "code", "says"), [("raises", 7, "no model"), ("odd", 1, "ZeroDivisionError: odd")]
)
def test_an_error_of_the_work_ends_everything(task: str, code: int, says: str) -> None:
    with pytest.raises(WorkerError, match=says) as caught:
        run(task, "a")
    assert caught.value.exit_code == code


def test_an_error_before_the_first_task_too() -> None:
    with pytest.raises(WorkerError, match="nothing to load") as caught:
        list(run_tasks(["a"], make_nothing, Execution()))
    assert caught.value.exit_code == ModelError.exit_code


def test_one_that_retires_is_followed_by_another_process() -> None:
    found = {task: known for kind, task, known in run("a", "retires", "b") if kind[0] == "F"}
    pids = [known[2] for known in found.values()]  # type: ignore[index]
    assert pids[0] == pids[1] != pids[2]


def test_here_is_this_process() -> None:
    assert next(known for _, _, known in run("a", backend="here"))[0] == "a"  # type: ignore[index]
    assert run("a", backend="here", stop=lambda: True) == []


def test_a_worker_that_dies_idle_is_replaced() -> None:
    crew = _Crew(1, make_work, Execution())
    try:
        crew._workers[0].process.kill()
        crew._workers[0].process.join()
        waiting: deque[tuple[Any, int]] = deque([("a", 0)])
        results = []
        while waiting or crew.is_busy:
            crew.hand_out(waiting)
            results += [crew.receive(one) for one in crew.ready()]
        assert results[-1][0] == "done"
    finally:
        crew.end()


def test_workers_that_all_die_idle_end_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_IDLE_DEATHS", 1)
    crew = _Crew(1, make_work, Execution())
    try:
        with pytest.raises(WorkerError, match="die before they begin a task"):
            for _ in range(3):
                crew._workers[0].process.kill()
                crew._replace(crew._workers[0])
    finally:
        crew.end()


def test_limits_out_of_range_are_refused() -> None:
    with pytest.raises(SettingError, match="workers must be 1 to 256, not 0"):
        Execution(workers=0)


def test_ends_of_processes_in_words() -> None:
    assert executor._how(-signal.SIGSEGV) == "SIGSEGV"
    assert executor._how(3) == "exit code 3"
    assert Died("a", "SIGKILL").how == "SIGKILL"
