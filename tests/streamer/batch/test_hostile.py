"""Batches among hostile files: manifests, links, pipes and devices; nothing outside is touched."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.batch import output as output_module
from streamer.batch.job import Job
from streamer.batch.manifest import known_folders
from streamer.batch.output import FolderOutput, locked
from streamer.batch.pipelines import Pipelines
from streamer.batch.process_recording import EVENTS
from streamer.batch.recording import do_recording
from streamer.batch.run import BatchOptions, make_jobs, run_jobs
from streamer.batch.settings import BatchSettings
from streamer.batch.work_folder import default_scratch
from streamer.core.errors import OutputError
from streamer.outputs.summary import RunRecord
from streamer.run.config import load_config
from tests.streamer.batch.make import run_bytes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
QUICK = BatchSettings(load_config(overrides=[("recognise", False)]), ("jsonl",))
HOSTILE = [
    *("../victim", "/tmp/victim", "..", ".", "", ".partial", "a/../../victim", "link", "C:\\x"),
    *("a\\b", "a\0b", "con", "x" * 300),
]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """An output, an unreadable recording (so that no model is needed), and what must stay."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "run.json").write_bytes(run_bytes(name="somebody else's"))
    (victim / "precious").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(victim)
    (tmp_path / "empty.mp4").touch()
    yield tmp_path
    assert sorted(p.name for p in victim.iterdir()) == ["precious", "run.json"]
    assert (victim / "precious").read_text() == "precious"
    assert (victim / "run.json").read_bytes() == run_bytes(name="somebody else's")
    assert (tmp_path / "out" / "link").is_symlink()


def write_manifest(place: Path, *rows: tuple[str, str]) -> None:
    recordings = [{"name": name, "folder": folder} for name, folder in rows]
    table = {"schema": "mer-stream/batch/1", "recordings": recordings}
    (place / "out" / "manifest.json").write_text(json.dumps(table))


def folders_of(place: Path, *names: str) -> list[str]:
    options = BatchOptions(str(place / "out"), resume=True)
    specs = [str(place / name) for name in names]
    return [j.folder for j in make_jobs(QUICK, options, specs, FolderOutput(place / "out"))]


class TestManifest:
    @pytest.mark.parametrize("folder", HOSTILE, ids=lambda text: repr(text)[:20])
    def test_a_folder_that_leads_elsewhere_is_not_used(self, place: Path, folder: str) -> None:
        write_manifest(place, (str(place / "empty.mp4"), folder))
        assert folders_of(place, "empty.mp4") == ["empty"]

    def test_resume_puts_the_result_inside(self, place: Path) -> None:
        write_manifest(place, (str(place / "empty.mp4"), "../victim"))
        options = BatchOptions(str(place / "out"), resume=True, quiet=True, workers=1)
        assert run_jobs(QUICK, options, [str(place / "empty.mp4")]) == 4
        assert (place / "out" / "empty" / "run.json").is_file()

    def test_two_recordings_in_one_folder(self, place: Path) -> None:
        (place / "other.mp4").touch()
        names = ["empty.mp4", "other.mp4"]
        write_manifest(place, *((str(place / name), "Both") for name in names))
        assert known_folders(FolderOutput(place / "out")) == {}
        assert folders_of(place, *names) == ["empty", "other"]

    def test_a_folder_of_another_recording(self, place: Path) -> None:
        """The manifest was changed so that one recording would replace another's result."""
        (place / "out" / "talk").mkdir()
        (place / "out" / "talk" / "run.json").write_bytes(run_bytes(name="talk.mp4"))
        write_manifest(place, (str(place / "empty.mp4"), "talk"))
        assert folders_of(place, "empty.mp4") == ["empty"]

    def test_a_part_of_the_recordings_replaces_no_other_part(self, place: Path) -> None:
        """`a/talk` is done; resuming with `b/talk` alone leaves it."""
        for name in ("a", "b"):
            (place / name).mkdir()
            (place / name / "talk.mp4").touch()
        (place / "out" / "talk").mkdir()
        done = str(place / "a" / "talk.mp4")
        (place / "out" / "talk" / "run.json").write_bytes(run_bytes(name=done))
        write_manifest(place, (done, "talk"))
        (folder,) = folders_of(place, "b/talk.mp4")
        assert folder.startswith("talk-")
        assert folders_of(place, "a/talk.mp4", "b/talk.mp4") == ["talk", folder]

    @pytest.mark.parametrize("content", [b"[]", b"{" * 9999, b"\xff", b'{"a": 5}', b"1" * 9999])
    def test_one_that_holds_something_else_is_as_none(self, place: Path, content: bytes) -> None:
        (place / "out" / "manifest.json").write_bytes(content)
        assert folders_of(place, "empty.mp4") == ["empty"]


class TestFoldersOfTheUser:
    def test_a_folder_that_is_no_result_is_left_alone(self, place: Path) -> None:
        """Recordings and a folder of notes of the same name, with the results beside them."""
        (place / "out" / "empty").mkdir()
        (place / "out" / "empty" / "notes.txt").write_text("mine")
        options = BatchOptions(str(place / "out"), quiet=True, workers=1, overwrite=True)
        assert run_jobs(QUICK, options, [str(place / "empty.mp4")]) == 4
        assert (place / "out" / "empty" / "notes.txt").read_text() == "mine"
        rows = json.loads((place / "out" / "manifest.json").read_text())["recordings"]
        assert rows[0]["folder"].startswith("empty-")

    def test_results_without_a_manifest_are_not_replaced_unasked(self, place: Path) -> None:
        (place / "out" / "empty").mkdir()
        result = run_bytes(name=str(place / "empty.mp4"))
        (place / "out" / "empty" / "run.json").write_bytes(result)
        with pytest.raises(OutputError, match="--resume to continue"):
            run_jobs(QUICK, BatchOptions(str(place / "out")), [str(place / "empty.mp4")])

    def test_names_that_the_batch_has_itself(self, place: Path) -> None:
        names = ["index.html.mp4", "manifest.mp4", "talk.lock.mp4", "con.mp4", "x" * 240 + ".mp4"]
        for name in names:
            (place / name).touch()
        folders = folders_of(place, *names)
        assert [f.rsplit("-", 1)[0] for f in folders[:4]] == [
            "index.html", "manifest", "talk.lock", "con",
        ]  # fmt: skip
        assert len(folders[4]) < 200


def publish(place: Path, folder: str, **changes: object) -> bool:
    work = place / "out" / ".partial" / folder
    work.mkdir(parents=True)
    (work / "run.json").write_bytes(run_bytes(**changes))
    return FolderOutput(place / "out").publish(work, folder)


class TestPublishing:
    def test_nothing_is_replaced_through_a_link(self, place: Path) -> None:
        with pytest.raises(OutputError, match="is a link"):
            publish(place, "link")
        with pytest.raises(OutputError, match="no folder inside"):
            FolderOutput(place / "out").publish(place / "out" / ".partial" / "link", "../victim")

    def test_nothing_is_replaced_that_is_no_result(self, place: Path) -> None:
        (place / "out" / "talk").mkdir()
        (place / "out" / "talk" / "thesis.txt").write_text("mine")
        with pytest.raises(OutputError, match=r"no result of mer-batch .* move it away"):
            publish(place, "talk")
        assert (place / "out" / "talk" / "thesis.txt").read_text() == "mine"

    def test_the_old_result_comes_back_on_an_error(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert publish(place, "talk", key="old")
        rename = Path.rename

        def fails(path: Path, target: Path) -> Path:
            if path.parent.name == ".partial" and "-old-" not in path.name:
                raise OSError(28, "No space left on device")
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", fails)
        with pytest.raises(OutputError, match="disk is full"):
            publish(place, "talk", key="new")
        assert json.loads((place / "out" / "talk" / "run.json").read_text())["key"] == "old"
        monkeypatch.undo()
        work = place / "out" / ".partial" / "talk"
        assert FolderOutput(place / "out").publish(work, "talk")
        assert json.loads((place / "out" / "talk" / "run.json").read_text())["key"] == "new"
        assert not list((place / "out" / ".partial").glob("*-old-*"))

    def test_a_link_in_place_of_unfinished_work(self, place: Path) -> None:
        (place / "out" / ".partial").symlink_to(place / "victim")
        for options in ({"overwrite": True}, {"resume": True}):
            with pytest.raises(OutputError, match=r"\.partial is a link"):
                run_jobs(
                    QUICK, BatchOptions(str(place / "out"), **options), [str(place / "empty.mp4")]
                )

    def test_links_in_unfinished_work_are_not_followed(self, place: Path) -> None:
        """A log that is a link: the file it points to is neither cut nor written."""
        work = place / "out" / ".partial" / "empty"
        work.mkdir(parents=True)
        (work / EVENTS).symlink_to(place / "victim" / "precious")
        (work / "checkpoint").write_bytes(b"x")
        job = Job(str(place / "empty.mp4"), "e", "empty", str(place / "out"), QUICK, resume=True)
        assert do_recording(job, Pipelines()).exit_code == 4
        assert [p.name for p in (place / "out" / "empty").iterdir()] == ["run.json"]

    def test_an_unreadable_record_is_not_taken_for_none(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuses(*arguments: object) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(output_module, "read_inside", refuses)
        with pytest.raises(OutputError, match="cannot be read: Permission denied"):
            FolderOutput(place / "out").read("manifest.json")


class TestLock:
    def test_an_error_under_the_lock_is_not_of_the_lock(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="full"), locked(tmp_path / "a.lock"):
            raise OSError(28, "full")

    def test_a_lock_that_is_held(self, tmp_path: Path) -> None:
        with locked(tmp_path / "a.lock"), pytest.raises(OutputError, match="another run is at"):
            locked(tmp_path / "a.lock", wait_s=0.0).__enter__()
        with locked(tmp_path / "a.lock", wait_s=0.0):  # free again
            pass

    def test_no_file_is_made_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "a.lock").symlink_to(tmp_path / "made")
        with pytest.raises(OutputError, match=r"a\.lock cannot be written"):
            locked(tmp_path / "a.lock").__enter__()
        assert not (tmp_path / "made").exists()


def test_a_scratch_folder_that_somebody_else_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = default_scratch()
    assert folder == default_scratch() and folder.stat().st_mode & 0o077 == 0
    folder.chmod(0o777)
    with pytest.raises(OutputError, match="not this user's alone"):
        default_scratch()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(OutputError, match="is a link"):
        default_scratch()


class TestInputs:
    """Pipes, sockets, devices and files of the kernel, named in every way."""

    @pytest.fixture
    def study(self, tmp_path: Path) -> Iterator[Path]:
        study = tmp_path / "study"
        study.mkdir()
        os.mkfifo(study / "pipe.mp4")
        (study / "link.mp4").symlink_to(study / "pipe.mp4")
        (study / "zero.mp4").symlink_to("/dev/zero")
        (study / "empty.mp4").touch()
        with socket.socket(socket.AF_UNIX) as server:
            here = Path.cwd()
            os.chdir(study)  # names of sockets are short
            server.bind("socket.mp4")
            os.chdir(here)
            yield study

    @pytest.mark.parametrize("how", ["folder", "pattern", "list", "names"])
    def test_one_sentence_each_and_the_rest_goes_on(self, study: Path, how: str) -> None:
        names = [str(path) for path in sorted(study.iterdir())] + ["/proc/kmsg", "/dev/full"]
        (study.parent / "list.txt").write_text("\n".join(names))
        specs = {
            "folder": [str(study)],
            "pattern": [str(study / "*.mp4")],
            "list": [f"@{study.parent / 'list.txt'}"],
            "names": names,
        }[how]
        output = study.parent / "out"
        assert run_jobs(QUICK, BatchOptions(str(output), quiet=True, workers=1), specs) in (4, 5)
        rows = json.loads((output / "manifest.json").read_text())["recordings"]
        errors = {Path(row["name"]).name: row["error"] for row in rows}
        assert "is empty (0 bytes)" in errors.pop("empty.mp4")
        for name, kind in {
            "pipe.mp4": "(a pipe)",
            "link.mp4": "(a pipe)",
            "zero.mp4": "(a device)",
            "socket.mp4": "(a socket)",
        }.items():
            assert f"{name} is not a regular file {kind}" in errors[name]
        if how in ("list", "names"):
            assert "is not a regular file" in errors["kmsg"]
            assert "(a device)" in errors["full"]

    def test_a_pipe_as_a_list(self, study: Path) -> None:
        from streamer.core.errors import SourceRefusedError

        for name in ("pipe.mp4", "zero.mp4", "socket.mp4"):
            with pytest.raises(SourceRefusedError, match="not a regular file"):
                run_jobs(QUICK, BatchOptions(str(study / "out")), [f"@{study / name}"])

    def test_names_that_no_file_can_have(self, tmp_path: Path) -> None:
        names = ["x" * 5000, "~nobody-of-that-name/x.mp4", "a\udcff.mp4"]
        output = tmp_path / "out"
        assert run_jobs(QUICK, BatchOptions(str(output), quiet=True, workers=1), names) == 3
        rows = json.loads((output / "manifest.json").read_text())["recordings"]
        assert [row["status"] for row in rows] == ["failed"] * 3


def test_results_that_vanish_while_the_batch_runs_are_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def done(jobs: list[Job], *arguments: object, **more: object) -> Iterator[object]:
        for job in jobs:  # and somebody has deleted its folder since
            yield job, RunRecord(job.display_name, job.folder, "done", sha256="0" * 64)

    monkeypatch.setattr("streamer.batch.run.run_recordings", done)
    assert run_jobs(QUICK, BatchOptions(str(tmp_path / "out"), quiet=True), ["sample"]) == 8
    (row,) = json.loads((tmp_path / "out" / "manifest.json").read_text())["recordings"]
    assert row["status"] == "failed" and "sample/run.json was written" in row["error"]
