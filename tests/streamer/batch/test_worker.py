"""The recordings of a batch as tasks: an error takes only its own recording with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.batch import recording, worker
from streamer.batch.job import Job, Progress
from streamer.batch.pipelines import Pipelines
from streamer.batch.settings import BatchSettings
from streamer.batch.tasks import Context, Died, Execution, Finished, Progressed, Stopped
from streamer.core.errors import ModelError, UnexpectedError
from streamer.outputs.summary import RunRecord
from streamer.run.recording import never


def make_job(name: str) -> Job:
    return Job(f"{name}.mp4", f"{name}.mp4", name, "out", BatchSettings())


def test_what_becomes_of_the_events_of_the_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [make_job(name) for name in "abcd"]
    done = RunRecord("a.mp4", "a", "done")

    def ran(tasks: list[Job], *arguments: object) -> Iterator[object]:
        yield Progressed(tasks[0], Progress(1.0, 0.5, 0))
        yield Finished(tasks[0], done)
        yield Died(tasks[1], "SIGKILL")
        yield Stopped(tasks[2])

    monkeypatch.setattr(worker, "run_tasks", ran)
    found = list(worker.run_recordings(jobs, Execution(memory_mb=777), never))
    assert found[:2] == [(jobs[0], Progress(1.0, 0.5, 0)), (jobs[0], done)]
    (_, died), (_, stopped) = found[2:]
    assert isinstance(died, RunRecord) and isinstance(stopped, RunRecord)
    assert (died.status, died.exit_code, stopped.status) == ("failed", 1, "interrupted")
    assert "b.mp4: the worker process died twice on it (SIGKILL)" in str(died.error)
    assert "than the limit of 777 MB a worker" in str(died.error)
    assert "higher --worker-memory" in str(died.error)


@pytest.mark.parametrize("attempt", [0, 1])
def test_after_a_death_the_checkpoint_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, attempt: int
) -> None:
    tries: list[bool] = []

    def done(job: Job, *arguments: object, **more: object) -> RunRecord:
        tries.append(job.anew)
        return RunRecord(job.display_name, job.folder, "done")

    monkeypatch.setattr(recording, "do_recording", done)
    context = Context(lambda value: None, attempt=attempt)
    worker.RecordingWork(Pipelines())(make_job("a"), context)
    assert tries == [attempt > 0] and not context.retires


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
        def fails(*arguments: object, **more: object) -> RunRecord:
            raise error

        monkeypatch.setattr(recording, "do_recording", fails)
        context = Context(lambda value: None)
        outcome = worker.RecordingWork(Pipelines())(make_job("a"), context)
        assert context.retires
        code = 11 if "memory" in says else 1
        assert (outcome.status, outcome.exit_code) == ("failed", code)
        assert outcome.error is not None and outcome.error.startswith("a.mp4: ")
        assert says in outcome.error

    def test_what_all_would_meet_is_not_an_outcome(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*arguments: object, **more: object) -> RunRecord:
            raise ModelError("no model")

        monkeypatch.setattr(recording, "do_recording", fails)
        with pytest.raises(ModelError):
            worker.RecordingWork(Pipelines())(make_job("a"), Context(lambda value: None))

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
