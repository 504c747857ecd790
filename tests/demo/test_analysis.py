"""Recordings of visitors, each in a process of its own: real pipeline, bundled clip."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from demo.analysis import CRASHED, AnalysisError, _for_visitors, analyse
from demo.limits import Limits
from demo.results import DOWNLOADS, load_finished
from demo.settings_view import Choices
from demo.visitors import Visitor
from streamer.batch.inputs import sample_path
from streamer.batch.job import Progress
from streamer.core.errors import UsageError
from streamer.outputs.events import read_events
from streamer.outputs.summary import RunRecord
from tests.demo.clips import encode_part
from tests.demo.conftest import Analysed

QUICK = Choices(no_recognition=True)
Both = tuple[Analysed, Analysed]


@contextlib.contextmanager
def no_child_is_left() -> Iterator[None]:
    """Processes of an analysis have ended afterwards (the spawn server's tracker may stay)."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    until_s = time.monotonic() + 60.0
    while left := _new_children(before):
        assert time.monotonic() < until_s, left
        time.sleep(0.05)


def _new_children(before: set[int]) -> list[str]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            command = " ".join(child.cmdline())
            if child.pid not in before and "resource_tracker" not in command:
                found.append(f"{child.pid} {child.status()} {command}")
    return found


def told(visitor: Visitor, source: Path | None, shown: str, limits: Limits) -> str:
    """The sentence in which it was refused."""
    with no_child_is_left(), pytest.raises(AnalysisError) as refused:
        list(analyse(visitor, source, shown, QUICK, limits))
    assert visitor.results == [] and not visitor.is_busy
    sentence = str(refused.value)
    assert str(visitor.folder) not in sentence and "Traceback" not in sentence
    return sentence


def by_command_line(one: Analysed, folder: Path) -> bytes:
    shutil.copy(one.source, folder / one.display_name)
    command = [
        sys.executable,
        "-m",
        "streamer",
        one.display_name,
        "--output",
        "events.jsonl",
        "--quiet",
    ]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "events.jsonl").read_bytes()


def test_progress_and_then_the_outcome(analysed: Analysed) -> None:
    assert analysed.error is None
    *steps, outcome = analysed.told
    assert all(isinstance(step, Progress) for step in steps) and len(steps) >= 2
    shares = [step.share for step in steps if isinstance(step, Progress)]
    assert shares == sorted(shares) and 0.0 <= shares[0] < shares[-1] <= 1.0
    assert isinstance(outcome, RunRecord)
    assert (outcome.status, outcome.frames, outcome.micro, outcome.macro) == ("done", 420, 3, 0)
    assert (outcome.name, outcome.folder) == ("sample.mp4", "result-2")  # upload-1 was first
    assert analysed.visitor.results == ["result-2"] and not analysed.visitor.is_busy


@pytest.mark.parametrize("which", [0, 1])
def test_events_are_those_of_the_command_line(both: Both, which: int, tmp_path: Path) -> None:
    expected = by_command_line(both[which], tmp_path)
    assert (both[which].result.folder / "events.jsonl").read_bytes() == expected
    assert len(expected.splitlines()) == (3, 1)[which]


def test_two_at_once_get_their_own(both: Both) -> None:
    sample, clip = (one.result for one in both)
    assert {event.source for event in sample.events} == {"sample.mp4"}
    assert {event.source for event in clip.events} == {"other clip.mkv"}
    # The clip begins 8 s into the sample: the same movement, 8 s earlier.
    theirs, ours = clip.events[0].spot, sample.events[2].spot
    assert abs(theirs.apex_s - (ours.apex_s - 8.0)) < 0.07
    assert both[0].visitor.folder != both[1].visitor.folder
    assert sample.run["counts"]["frames"] == 420 and clip.run["counts"]["frames"] == 120


def test_every_download_is_there(analysed: Analysed) -> None:
    folder = analysed.result.folder
    assert [name for name in DOWNLOADS if not (folder / name).is_file()] == []
    assert len(list((folder / "faces").iterdir())) == 3
    rows = list(csv.DictReader((folder / "signals.csv").open()))
    assert [int(row["frame"]) for row in rows] == list(range(420))


def test_no_download_tells_where_it_lay(both: Both) -> None:
    for one in both:
        hidden = [str(one.visitor.folder), one.visitor.folder.name, one.source.parent.name]
        hidden.append(one.visitor.token)
        hidden.append(str(Path.home()) + "/")
        for name in DOWNLOADS:
            content = _everything_in(one.result.folder / name)
            for secret in hidden:
                assert secret.encode() not in content, (name, secret)


def _everything_in(path: Path) -> bytes:
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as file:
            return b"\n".join(file.read(name) for name in file.namelist())
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        return f"{table.schema}{table.schema.metadata}{table.to_pylist()}".encode()
    return path.read_bytes()


def test_a_stopped_analysis_leaves_nothing(visitor: Visitor) -> None:
    with no_child_is_left():
        running = analyse(visitor, None, "sample", QUICK, Limits())
        assert isinstance(next(running), Progress)
        visitor.stopped.set()
        with pytest.raises(AnalysisError, match=r"^Stopped\.$"):
            list(running)
    assert not visitor.is_busy and visitor.results == []


def test_what_a_stopped_analysis_wrote_is_deleted(visitor: Visitor) -> None:
    """Its annotated video alone may be hundreds of megabytes, and nobody can reach it."""
    running = analyse(visitor, None, "sample", QUICK, Limits())
    next(running)
    running.close()
    assert [path.name for path in visitor.folder.rglob("*") if path.is_file()] == []


def test_a_reader_who_goes_away_ends_the_process(visitor: Visitor) -> None:
    with no_child_is_left():
        running = analyse(visitor, None, "sample", QUICK, Limits())
        next(running)
        assert visitor.is_busy
        running.close()
    assert not visitor.is_busy


def test_who_leaves_ends_the_process(visitor: Visitor) -> None:
    with no_child_is_left():
        running = analyse(visitor, None, "sample", QUICK, Limits())
        next(running)
        threading.Timer(0.2, visitor.leave).start()
        with pytest.raises((UsageError, AnalysisError)):
            list(running)
    assert not visitor.folder.exists() and visitor.results == []


def test_who_has_left_starts_nothing(visitor: Visitor) -> None:
    visitor.leave()
    with no_child_is_left(), pytest.raises(UsageError, match="Reload"):
        next(analyse(visitor, None, "sample", QUICK, Limits()))
    assert not visitor.folder.exists()


def test_settings_that_cannot_be_used_start_nothing(visitor: Visitor) -> None:
    with no_child_is_left(), pytest.raises(UsageError, match="sensitivity"):
        next(analyse(visitor, None, "sample", Choices(sensitivity=99.0), Limits()))
    assert not visitor.is_busy


def test_too_long_by_its_header(visitor: Visitor) -> None:
    said = told(visitor, sample_path(), "my film.mp4", Limits(minutes=0.1))
    assert said.startswith("my film.mp4 says that it is 0.2 minutes long")


def test_too_long_whatever_its_header_says(visitor: Visitor) -> None:
    said = told(visitor, None, "sample", Limits(minutes=0.02))
    assert said == "sample is longer than 0.02 minutes, the limit of this page."


def test_too_much_work(visitor: Visitor) -> None:
    assert "takes too long here" in told(visitor, None, "sample", Limits(work_minutes=0.01))


def test_too_little_memory_is_a_sentence(visitor: Visitor) -> None:
    said = told(visitor, None, "sample", Limits(memory_mb=150))
    assert said == CRASHED


@pytest.mark.parametrize("exit_code", [9, 11])
def test_trouble_of_the_server_is_not_the_visitors(exit_code: int) -> None:
    assert _for_visitors("/srv/lib: no memory for the mesh", exit_code) == CRASHED
    assert _for_visitors("x.mp4 is no video", 4) == "x.mp4 is no video"


def test_no_video_is_a_sentence(visitor: Visitor) -> None:
    path = visitor.folder / "upload.mp4"
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    said = told(visitor, path, "film.mp4", Limits())
    assert said.startswith("film.mp4 is a playlist and not a recording")


def test_a_recording_that_is_cut_short_gives_what_came_before(visitor: Visitor) -> None:
    path = visitor.folder / "cut.mkv"
    encode_part(path, 0, 120)
    path.write_bytes(path.read_bytes()[: int(0.8 * path.stat().st_size)])
    *_, outcome = analyse(visitor, path, "cut.mkv", QUICK, Limits())
    assert isinstance(outcome, RunRecord) and outcome.status == "done" and outcome.truncated
    found = load_finished(visitor, outcome.folder)
    assert 60 < found.run["counts"]["frames"] < 120
    assert [event.spot.onset_frame for event in found.events] == [46]
    assert found.run["quality"]["truncated"]
    assert str(visitor.folder) not in json.dumps(found.run)


def test_the_oldest_recording_is_deleted(visitor: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "short.mkv"
    encode_part(path, 0, 10)
    (visitor.folder / visitor.new_name("result")).mkdir()
    visitor.keep("result-1", 1)
    list(analyse(visitor, path, "short.mkv", QUICK, Limits(results=1)))
    assert visitor.results == ["result-2"]
    assert not (visitor.folder / "result-1").exists()
    assert list(read_events(visitor.folder / "result-2" / "events.jsonl")) == []
