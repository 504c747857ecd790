"""Workers that hang, die and raise: each takes only its own recording with it."""

from __future__ import annotations

import signal
import sys
import time
from collections import deque
from pathlib import Path

import pytest

from streamer.batch import local_engine, recording, worker
from streamer.batch.job import Job, Outcome
from streamer.batch.local_engine import WorkerError, _Crew, run_local
from streamer.batch.pipelines import Pipelines
from streamer.batch.settings import BatchSettings
from streamer.core.errors import ModelError, UnexpectedError
from streamer.run.recording import never
from tests.streamer.batch import fake_workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def make_job(name: str) -> Job:
    return Job(f"{name}.mp4", f"{name}.mp4", name, "out", BatchSettings())


def outcomes(jobs: list[Job], workers: int = 1) -> dict[str, Outcome]:
    found = run_local(jobs, workers, never)
    return {job.folder: message for job, message in found if isinstance(message, Outcome)}


def test_a_worker_that_hangs_does_not_keep_the_batch_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_engine, "work", fake_workers.hangs)
    monkeypatch.setattr(local_engine, "_GRACE_S", 0.5)
    stops: list[float] = []
    found = []
    for job, message in run_local([make_job("a"), make_job("b")], 1, lambda: bool(stops)):
        if message is None:
            stops.append(time.monotonic())
        else:
            found.append((job.folder, message))
    assert time.monotonic() - stops[0] < 10.0
    assert [(name, outcome.status) for name, outcome in found] == [("a", "interrupted")]


def test_a_worker_that_dies_twice_is_a_sentence_with_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_engine, "work", fake_workers.aborts)
    found = {}
    for job, message in run_local([make_job("a"), make_job("b")], 1, never, memory_mb=777):
        found[job.folder] = message
    for name in ("a", "b"):
        assert (found[name].status, found[name].exit_code) == ("failed", 1)
        assert f"{name}.mp4: the worker process died twice on it (SIGKILL)" in found[name].error
        assert "limit of 777 MB a worker" in found[name].error
        assert "higher --worker-memory" in found[name].error


def test_a_worker_that_dies_idle_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_engine, "work", fake_workers.works)
    crew = _Crew(1, False, None)
    try:
        crew._workers[0].process.kill()
        crew._workers[0].process.join()
        waiting = deque([make_job("a")])
        until_s = time.monotonic() + 30.0
        while (waiting or crew.is_busy) and time.monotonic() < until_s:
            crew.hand_out(waiting)
            for one in crew.ready():
                message = crew.receive(one)
        assert isinstance(message, Outcome) and message.status == "done"
    finally:
        crew.end()


def test_workers_that_all_die_idle_end_the_batch_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_engine, "work", fake_workers.works)
    monkeypatch.setattr(local_engine, "_IDLE_DEATHS", 1)
    crew = _Crew(1, False, None)
    try:
        with pytest.raises(WorkerError, match="die before they begin a recording"):
            for _ in range(3):
                crew._workers[0].process.kill()
                crew._replace(crew._workers[0])
    finally:
        crew.end()


def test_after_a_death_the_checkpoint_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_engine, "work", fake_workers.aborts)
    tries: list[bool] = []
    hand_out = _Crew.hand_out

    def noted(crew: _Crew, waiting: deque[Job]) -> None:
        tries.extend(job.anew for job in waiting)
        hand_out(crew, waiting)

    monkeypatch.setattr(_Crew, "hand_out", noted)
    outcomes([make_job("a")])
    assert tries[0] is False and tries[-1] is True


class TestWhatNobodyExpected:
    """An error that is none of ours is an outcome with its text, and the rest goes on."""

    @pytest.mark.parametrize(
        ("error", "says"),
        [
            (ZeroDivisionError("odd\n  text"), "ZeroDivisionError: odd text"),
            (KeyError("x"), "KeyError: 'x'"),
            (OSError(28, "No space left"), "OSError: [Errno 28] No space left"),
            (MemoryError(), "needs more memory than this machine has. Give a higher"),
            (RuntimeError("std::bad_alloc"), "needs more memory"),
        ],
    )
    def test_in_a_worker(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
    ) -> None:
        def fails(*arguments: object, **more: object) -> Outcome:
            raise error

        monkeypatch.setattr(recording, "do_recording", fails)
        outcome = worker.attempt(make_job("a"), Pipelines())
        code = 11 if "memory" in says else 1
        assert (outcome.status, outcome.exit_code) == ("failed", code)
        assert outcome.error is not None and outcome.error.startswith("a.mp4: ")
        assert says in outcome.error

    def test_what_all_would_meet_is_not_an_outcome(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*arguments: object, **more: object) -> Outcome:
            raise ModelError("no model")

        monkeypatch.setattr(recording, "do_recording", fails)
        with pytest.raises(ModelError):
            worker.attempt(make_job("a"), Pipelines())

    def test_while_a_recording_is_worked_on(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """It has a run.json as every recording that failed."""

        def fails(*arguments: object, **more: object) -> None:
            raise ValueError("odd")

        monkeypatch.setattr(recording, "process_recording", fails)
        job = Job("sample", "sample", "sample", str(tmp_path), BatchSettings())
        outcome = recording.do_recording(job, Pipelines())
        assert outcome.failed and "ValueError: odd" in str(outcome.error)
        assert [p.name for p in (tmp_path / "sample").iterdir()] == ["run.json"]
        assert isinstance(recording.unexpected(job, ValueError()), UnexpectedError)

    def test_its_text_shows_no_hidden_name(self) -> None:
        job = Job("~/ann.mp4", "rec-1", "rec-1", "out", BatchSettings())
        error = FileNotFoundError(2, "gone", str(Path("~/ann.mp4").expanduser()))
        sentence = str(recording.unexpected(job, error))
        assert "rec-1" in sentence and "ann" not in sentence


def test_ends_of_processes_in_words() -> None:
    assert local_engine._how(-signal.SIGSEGV) == "SIGSEGV"
    assert local_engine._how(3) == "exit code 3"
