"""At the end of a batch, what was promised is asked for; secrets of stores are in no file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamer.batch import stores
from streamer.batch.inputs import find_inputs, input_digest
from streamer.batch.job import Job
from streamer.batch.manifest import Manifest, mark_lost
from streamer.batch.output import FolderOutput, StoreOutput, open_output_of
from streamer.batch.pipelines import Pipelines
from streamer.batch.recording import do_recording
from streamer.batch.run import BatchOptions, make_jobs
from streamer.batch.settings import BatchSettings
from streamer.core.errors import OutputError, SourceNotFoundError
from streamer.outputs.summary import RunRecord
from streamer.run.config import load_config
from tests.streamer.batch.make import run_bytes

MARK = "Zq7Xk9"
SETTINGS = BatchSettings(load_config(overrides=[("recognise", False)]))
HARM: dict[str, Callable[[Path], object]] = {
    "folder": shutil.rmtree,
    "run.json": lambda folder: (folder / "run.json").unlink(),
    "a file": lambda folder: (folder / "events.jsonl").unlink(),
    "cut": lambda folder: (folder / "events.jsonl").write_bytes(b""),
    "a link": lambda folder: (
        (folder / "events.jsonl").unlink(),
        (folder / "events.jsonl").symlink_to("nothing"),
    ),
}


def batch(root: Path) -> tuple[FolderOutput, Manifest]:
    """A batch of two recordings that are done."""
    output = FolderOutput(root)
    jobs = [Job(f"{n}.mp4", f"{n}.mp4", n, str(root), SETTINGS) for n in ("a", "b")]
    manifest = Manifest(output, jobs)
    for job in jobs:
        folder = root / job.folder
        folder.mkdir(parents=True)
        (folder / "events.jsonl").write_bytes(b"{}\n")
        outputs = {"events.jsonl": input_digest(folder / "events.jsonl")}
        (folder / "run.json").write_bytes(run_bytes(name=job.display_name, outputs=outputs))
        manifest.add(
            RunRecord(job.display_name, job.folder, "done", events={"micro": 3, "macro": 0})
        )
    return output, manifest


def test_what_is_there_stays_done(tmp_path: Path) -> None:
    output, manifest = batch(tmp_path)
    mark_lost(output, manifest)
    assert [outcome.status for outcome in manifest.outcomes] == ["done", "done"]


@pytest.mark.parametrize("harm", HARM)
def test_a_recording_whose_files_are_lost_has_failed(harm: str, tmp_path: Path) -> None:
    output, manifest = batch(tmp_path)
    HARM[harm](tmp_path / "b")
    mark_lost(output, manifest)
    first, second = manifest.outcomes
    assert first.status == "done"
    assert (second.status, second.exit_code) == ("failed", OutputError.exit_code)
    name = "run.json" if harm in ("folder", "run.json") else "events.jsonl"
    assert f"b/{name}" in (second.error or "")


@pytest.fixture
def memory() -> Iterator[str]:
    system = pytest.importorskip("fsspec").filesystem("memory")
    system.store.clear()
    yield "memory://"
    system.store.clear()


def test_in_a_store_the_record_is_asked_for(memory: str) -> None:
    output = StoreOutput(f"{memory}out")
    manifest = Manifest(output, [Job("a.mp4", "a.mp4", "a", f"{memory}out", SETTINGS)])
    manifest.add(RunRecord("a.mp4", "a", "done"))
    mark_lost(output, manifest)
    assert manifest.outcomes[0].status == "failed"


def test_recordings_of_a_store_are_named_by_their_keys_alone(memory: str, tmp_path: Path) -> None:
    for name in ("one.mp4", "deep/two.mp4"):
        stores.write_bytes(f"{memory}bucket/{MARK}/{name}", b"no video")
    for end in ("", "/", "/*.mp4"):
        for item in find_inputs([f"{memory}bucket/{MARK}{end}"]):
            assert MARK not in item.name and item.name.endswith(("/one.mp4", "/deep/two.mp4"))
    options = BatchOptions(str(tmp_path / "out"))
    jobs = make_jobs(SETTINGS, options, [f"{memory}bucket/{MARK}"], open_output_of(options.output))
    jobs += make_jobs(
        SETTINGS, options, [f"{memory}bucket/{MARK}/one.mp4"], open_output_of(options.output)
    )
    assert sorted(job.folder.split("-")[0] for job in jobs) == ["bucket", "one", "two"]
    assert all(MARK not in f"{job!r}{job.display_name}{job.folder}" for job in jobs)
    pipelines = Pipelines()
    outcomes = [do_recording(job, pipelines) for job in jobs]
    assert {outcome.status for outcome in outcomes} == {"failed"}
    for path in (tmp_path / "out").rglob("*"):
        assert MARK not in path.name
        assert not path.is_file() or MARK.encode() not in path.read_bytes()


def test_errors_of_a_store_hold_nothing_of_what_it_said(memory: str, tmp_path: Path) -> None:
    def check(error: BaseException | None) -> None:
        while error is not None:
            assert MARK not in f"{error} {error!r}"
            error = error.__cause__ or error.__context__

    for spec in (f"{memory}b/{MARK}/x.mp4", f"s3x://ann:{MARK}@b/x", f"{memory}b/{MARK}/*.mp4"):
        with pytest.raises(Exception) as caught:
            stores.find(spec, {".mp4"})
            stores.fetch(spec, tmp_path)
        check(caught.value)
    with pytest.raises(SourceNotFoundError, match="there is nothing of that name") as missing:
        stores.fetch(f"{memory}b/{MARK}/x.mp4", tmp_path)
    check(missing.value)
