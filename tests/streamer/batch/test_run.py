"""A whole batch: exit codes, manifest, refusals; workers that are killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.batch.inputs import sample_path
from streamer.batch.job import Job, Progress
from streamer.batch.manifest import Manifest, known_folders
from streamer.batch.output import FolderOutput
from streamer.batch.progress import BatchView, format_totals
from streamer.batch.run import BatchOptions, check_settings, run_jobs
from streamer.batch.settings import BatchSettings
from streamer.batch.tasks import Execution
from streamer.batch.worker import run_recordings
from streamer.core.errors import OutputError, UsageError
from streamer.outputs.summary import RunRecord
from streamer.run.config import load_config
from streamer.run.recording import never
from tests.streamer.batch.test_recording import contents

QUICK = BatchSettings(load_config(overrides=[("recognise", False)]), ("jsonl", "html"))


def make_job(name: str, size: int = 100) -> Job:
    return Job(f"{name}.mp4", f"{name}.mp4", name, "out", QUICK, size_bytes=size)


class TestManifest:
    def test_rows_stand_in_the_order_of_the_jobs(self, tmp_path: Path) -> None:
        output = FolderOutput(tmp_path)
        manifest = Manifest(output, [make_job("a"), make_job("b"), make_job("c")])
        manifest.add(RunRecord("c.mp4", "c", "failed", 4, "c.mp4 is empty"))
        manifest.add(RunRecord("a.mp4", "a", "kept", events={"micro": 2, "macro": 0}, wall_s=5.0))
        manifest.write()
        table = json.loads((tmp_path / "manifest.json").read_text())
        assert [r["status"] for r in table["recordings"]] == ["done", "open", "failed"]
        assert table["counts"] == {"done": 1, "failed": 1, "open": 1}
        assert "wall_s" not in table["recordings"][0]
        with (tmp_path / "manifest.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        assert [row["micro"] for row in rows] == ["2", "", "0"]
        assert known_folders(output) == {"a.mp4": "a", "b.mp4": "b", "c.mp4": "c"}


class TestView:
    def test_time_left_goes_by_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [100.0]
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        jobs = [make_job("a", 100), make_job("b", 300), make_job("c", 400)]
        view = BatchView(jobs, 2, bars=False, quiet=True)
        view.end(jobs[2], RunRecord("c.mp4", "c", "kept"))  # costs nothing, counts for nothing
        now[0] = 110.0
        view.move(jobs[1], Progress(10.0, 1 / 3, 0))  # 100 bytes in 10 s, 300 are left
        assert view._left() == "00:30 left"

    def test_notes_are_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        job = make_job("a", 100)
        noted = RunRecord("a", "a", "done", warnings=("30 frames a second are assumed.",))
        BatchView([job], 1, bars=False, quiet=False).end(job, noted)
        assert "\n  note: 30 frames a second are assumed.\n" in capsys.readouterr().err
        assert format_totals([noted], 1.0).endswith("; notes on 1 are in their reports")

    def test_totals_name_what_failed(self) -> None:
        outcomes = [
            RunRecord(
                "a", "a", "done", duration_s=3600.0, events={"micro": 3, "macro": 0}, truncated=True
            ),
            RunRecord("b", "b", "kept", duration_s=3600.0, events={"micro": 0, "macro": 1}),
            RunRecord("c", "c", "failed", 4, "c is empty"),
        ]
        assert format_totals(outcomes, 360.0).splitlines() == [
            "2 of 3 recordings, 2.00 h, 10.0x real time, 4 events; 1 were done before; "
            "1 are cut short or damaged",
            "1 failed:",
            "  c is empty",
        ]


class TestRefusals:
    def test_an_output_that_holds_a_batch(self, tmp_path: Path) -> None:
        (tmp_path / "manifest.json").write_text("{}")
        with pytest.raises(OutputError, match="--resume to continue"):
            run_jobs(QUICK, BatchOptions(str(tmp_path)), ["sample"])
        with pytest.raises(UsageError, match="choose one"):
            run_jobs(QUICK, BatchOptions(str(tmp_path), resume=True, overwrite=True), ["sample"])

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            (BatchSettings(formats=("docx",)), "choose from jsonl"),
            (BatchSettings(redact="blur"), "add --save-video"),
            (BatchSettings(redact="blur", video=True, images=True), "choose one"),
        ],
    )
    def test_settings(self, settings: BatchSettings, says: str) -> None:
        with pytest.raises(UsageError, match=says):
            check_settings(settings)


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "study"
    for number in range(2):
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "talk.mp4").write_bytes(sample_path().read_bytes() + b"\0" * number)
    (folder / "empty.mp4").write_bytes(b"")
    yield folder


@pytest.mark.slow
def test_a_batch_with_a_bad_file(study: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert run_jobs(QUICK, BatchOptions(str(output), quiet=True), [str(study)]) == 4
    rows = json.loads((output / "manifest.json").read_text())["recordings"]
    assert [row["status"] for row in rows] == ["done", "done", "failed"]
    assert len({row["folder"] for row in rows}) == 3
    assert not (output / ".partial").exists()
    index = (output / "index.html").read_text()
    assert "2</b>" in index and "empty (0 bytes)" in index
    before = contents(output)
    options = BatchOptions(str(output), resume=True, quiet=True)
    assert run_jobs(QUICK, options, [str(study)]) == 4
    assert contents(output) == before


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 of a process group is of POSIX")
def test_killed_and_resumed_is_as_never_killed(study: Path, tmp_path: Path) -> None:
    """SIGKILL to the whole process group, at moments when the workers are busy."""

    def command(output: Path) -> list[str]:
        return [
            *(sys.executable, "-m", "streamer.cli.batch", str(study), "-o", str(output), "-q"),
            *("--resume", "--checkpoint-every", "0"),
            *("--formats", "jsonl,html", "--no-recognition", "--workers", "2"),
        ]

    assert subprocess.run(command(tmp_path / "clean")).returncode == 4
    for _ in range(2):
        process = subprocess.Popen(command(tmp_path / "killed"), start_new_session=True)
        until_s = time.monotonic() + 60
        while time.monotonic() < until_s and process.poll() is None:
            if list((tmp_path / "killed" / ".partial").glob("*/checkpoint")):
                break
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert subprocess.run(command(tmp_path / "killed")).returncode == 4
    assert contents(tmp_path / "killed") == contents(tmp_path / "clean")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_worker_that_dies_takes_one_recording_with_it(tmp_path: Path) -> None:
    """The first recording kills its worker twice; the second is done all the same."""
    good = Job("sample", "sample", "sample", str(tmp_path), QUICK)
    bad = Job("sample", "bad", "bad", str(tmp_path), QUICK)
    ended: dict[str, RunRecord] = {}
    killed = 0
    for job, message in run_recordings([bad, good], Execution(), never):
        if isinstance(message, RunRecord):
            ended[job.folder] = message
        elif job.folder == "bad":
            killed += 1
            me = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
            for child in me:
                if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
                    os.kill(int(child), signal.SIGKILL)
    assert killed == 2
    assert ended["bad"].failed and "died twice" in str(ended["bad"].error)
    assert ended["sample"].status == "done" and ended["sample"].micro == 3


def test_what_a_folder_leaves_out_is_told_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "no.mp4").write_text("no video")  # fails at once
    (folder / "tape7").touch()
    options = BatchOptions(str(tmp_path / "out"), workers=1, progress=False)
    assert run_jobs(QUICK, options, [str(folder)]) == 4
    said = capsys.readouterr().err
    assert "1 file was left out" in said and "tape7" in said.splitlines()[-1]


def test_the_dialect_of_csv_needs_csv() -> None:
    with pytest.raises(UsageError, match=r"--csv-dialect is of events\.csv"):
        check_settings(BatchSettings(formats=("jsonl",), csv_dialect="excel-eu"))
    check_settings(BatchSettings(formats=("csv",), csv_dialect="excel-eu"))
