"""A file that is lost, replaced or changed while it is written is no success."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamer.core.errors import OutputError
from streamer.core.files import writing as written
from streamer.core.files.atomic import is_temporary, remove_leftovers, replacing, write_file
from streamer.core.files.writing import open_log, open_output, proof_of
from streamer.core.records import Frame, FrameResult
from streamer.outputs.events import open_event_file
from streamer.outputs.signals import SignalsCsv, SignalsParquet
from streamer.outputs.sinks import Sink
from streamer.outputs.video import VideoWriter
from tests.streamer.outputs.fakes import REGIONS, make_event, make_result

SINKS: dict[str, Callable[[Path], Sink]] = {
    "e.jsonl": lambda path: open_event_file(path, as_csv=False),
    "e.csv": lambda path: open_event_file(path, as_csv=True),
    "s.csv": lambda path: SignalsCsv(path, REGIONS),
    "s.parquet": lambda path: SignalsParquet(path, REGIONS),
    "v.mp4": lambda path: VideoWriter(path, REGIONS),
}
HARM: dict[str, Callable[[Path], object]] = {
    "file removed": lambda path: path.unlink(),
    "folder removed": lambda path: shutil.rmtree(path.parent),
    "folder renamed": lambda path: path.parent.rename(path.parent.with_name("elsewhere")),
    "replaced": lambda path: (path.unlink(), path.write_text("another")),
    "cut": lambda path: os.truncate(path, 0),
    "added to": lambda path: path.open("ab").write(b"more"),
}


def result(index: int) -> FrameResult:
    image = np.full((48, 64, 3), 90 + index % 3, dtype=np.uint8)
    made = make_result(index, index / 30, (0,), (make_event(onset_frame=index),))
    return replace(made, frame=Frame(index, index / 30, image))


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("name", SINKS)
def test_a_sink_that_lost_its_file_says_so(name: str, harm: str, tmp_path: Path) -> None:
    if name == "s.parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / "out" / name
    sink = SINKS[name](path)
    for index in range(150):  # video is written 1.5 s later
        sink.write(result(index))
    if harm == "cut" and path.stat().st_size == 0:
        pytest.skip("nothing is on the disk yet, so nothing can be cut")
    HARM[harm](path)
    with pytest.raises(OutputError) as caught:
        for index in range(150, 200):
            sink.write(result(index))
        sink.close()
    assert name in str(caught.value) and "while it was written" in str(caught.value)
    with contextlib.suppress(OutputError):
        sink.close()


@pytest.mark.parametrize("harm", HARM)
def test_after_the_last_write_too(harm: str, tmp_path: Path) -> None:
    path = tmp_path / "out" / "e.jsonl"
    sink = open_event_file(path, as_csv=False)
    sink.write(result(0))
    HARM[harm](path)
    with pytest.raises(OutputError, match=r"e\.jsonl"):
        sink.close()


@pytest.mark.parametrize("name", SINKS)
def test_what_nobody_touched_is_whole(name: str, tmp_path: Path) -> None:
    if name == "s.parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / "out" / name
    sink = SINKS[name](path)
    for index in range(120):
        sink.write(result(index))
    sink.close()
    assert path.stat().st_size > 0


def test_a_disk_that_fails_when_the_file_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(written.os, "fsync", full)
    sink = open_event_file(tmp_path / "e.jsonl", as_csv=False)
    sink.write(result(0))
    with pytest.raises(OutputError, match=r"e\.jsonl: the disk is full"):
        sink.close()
    with pytest.raises(OutputError, match=r"x\.json: the disk is full"):
        write_file(tmp_path / "x.json", b"{}")
    assert [p.name for p in tmp_path.iterdir()] == ["e.jsonl"]


def test_a_log_that_goes_on_is_watched_from_its_length(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"first\nsecond\nhalf a li")
    with open_log(path, 13) as stream:
        stream.write("third\n")
    assert path.read_bytes() == b"first\nsecond\nthird\n"
    stream = open_log(path, 6)
    stream.write("x\n")
    path.unlink()
    with pytest.raises(OutputError, match="removed"):
        stream.close()


def test_devices_are_not_watched() -> None:
    with open_output(Path("/dev/null")) as stream:
        stream.write("x")
    write_file(Path("/dev/null"), b"x")
    assert not Path("/dev/null").is_file() and proof_of(Path("/dev/null")) is None


@pytest.mark.parametrize("harm", HARM)
def test_a_finished_file_is_asked_for_again(harm: str, tmp_path: Path) -> None:
    path = tmp_path / "out" / "s.csv"
    with open_output(path) as stream:
        stream.write("frame\n")
    proof = proof_of(path)
    assert proof is not None
    proof.check()
    HARM[harm](path)
    with pytest.raises(OutputError, match=r"s\.csv was (written|changed)"):
        proof.check()


def test_two_runs_into_one_target_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    failures: list[BaseException] = []

    def write(letter: bytes) -> None:
        try:
            for _ in range(40):
                write_file(path, letter * 5000)
        except BaseException as error:  # noqa: BLE001  for the assertion below
            failures.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            data = path.read_bytes()
            assert len(data) == 5000 and len(set(data)) == 1
    assert all(isinstance(error, OutputError) for error in failures)
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_leftovers_of_a_killed_run_go_and_those_in_use_stay(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    with replacing(path) as temporary:
        (left := temporary.with_name(temporary.name[:-10] + "000000.tmp")).write_bytes(b"half")
        assert is_temporary(left.name) and len(temporary.name) < 60
        with replacing(path) as other:
            assert temporary.exists() and other != temporary and not left.exists()
            other.write_bytes(b"other")
        left.write_bytes(b"half")
        remove_leftovers(tmp_path)
        assert temporary.exists() and not left.exists()
        temporary.write_bytes(b"last")
    assert path.read_bytes() == b"last" and len(list(tmp_path.iterdir())) == 1


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_bytes(b"new")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "link.srt").symlink_to(tmp_path / "true.srt")
    write_file(tmp_path / "link.srt", b"x")
    assert (tmp_path / "link.srt").is_symlink() and (tmp_path / "true.srt").read_bytes() == b"x"
