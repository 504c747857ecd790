"""The command line where its files are lost on the way: never a success, and the file is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import streamer.run.in_turn
from streamer.cli.stream import main
from streamer.core.records import Frame
from tests.streamer.outputs.fakes import REGIONS, FakePipeline, FakeSource

ROOT = Path(__file__).parents[3]
OUTPUTS = {
    "-o": "out/e.jsonl",
    "--signals": "out/s.csv",
    "--save-video": "out/v.mp4",
    "--log-file": "out/run.log",
}


class HarmedSource(FakeSource):
    """Removes the output folder when all files are open and something is in them."""

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            if frame.index == 140 and Path("out").exists():
                shutil.rmtree("out")
            yield frame


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(streamer.run.in_turn, "build_pipeline", lambda config: FakePipeline())
    monkeypatch.setattr(streamer.run.in_turn, "REGION_NAMES", REGIONS)

    def opened(spec: str, config: object) -> FakeSource:
        kind = HarmedSource if spec == "harm.mp4" else FakeSource
        return kind(spec, 160, pause_s=0.002)

    monkeypatch.setattr(streamer.run.in_turn, "open_source", opened)


def run(*words: str) -> int:
    sys.argv = ["mer-stream", *words]
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("option", OUTPUTS)
def test_the_folder_vanishes(
    option: str, fakes: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [])
    code = run("harm.mp4", option, OUTPUTS[option], "--summary", "sum.json", "--verbose")
    err = capsys.readouterr().err
    assert code == 8
    assert f"{OUTPUTS[option]} was removed while it was written" in err
    if option != "--log-file":  # known before the summary is written
        (row,) = json.loads(Path("sum.json").read_text())["sources"]
        assert row["exit_code"] == 8 and OUTPUTS[option] in row["error"]
        assert "ended by an error" in err


@pytest.mark.parametrize("sources", [("harm.mp4", "b.mp4"), ("a.mp4", "harm.mp4")])
@pytest.mark.parametrize("option", ["--signals", "--save-video"])
def test_of_several_sources_each_file_counts(
    option: str, sources: tuple[str, str], fakes: None, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Also a file that was finished before the folder vanished, and was whole then."""
    monkeypatch.setattr(sys, "argv", [])
    assert run(*sources, option, "out/", "--summary", "sum.json") == 8
    assert "out/" in capsys.readouterr().err
    rows = json.loads(Path("sum.json").read_text())["sources"]
    assert [row["exit_code"] for row in rows if row["exit_code"]]


def test_a_finished_file_that_is_gone_at_the_end(
    fakes: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Last(FakeSource):
        def __iter__(self) -> Iterator[Frame]:
            Path("out/a.csv").unlink()
            return super().__iter__()

    monkeypatch.setattr(
        streamer.run.in_turn,
        "open_source",
        lambda s, c: (Last if s == "b.mp4" else FakeSource)(s, 80),
    )
    monkeypatch.setattr(sys, "argv", [])
    assert run("a.mp4", "b.mp4", "--signals", "out/", "--summary", "sum.json") == 8
    assert "out/a.csv was written, but is not there any more" in capsys.readouterr().err
    first, second = json.loads(Path("sum.json").read_text())["sources"]
    assert first["exit_code"] == 8 and "out/a.csv" in first["error"]
    assert second["exit_code"] == 0


def test_what_stays_is_a_success(fakes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [])
    words = [word for pair in OUTPUTS.items() for word in pair]
    assert run("a.mp4", *words, "--summary", "out/sum.json") == 0
    assert {p.name for p in Path("out").iterdir()} == {
        "e.jsonl", "s.csv", "v.mp4", "run.log", "sum.json",
    }  # fmt: skip


def test_standard_output_that_was_removed(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.streamer.outputs.slow_run",
        "a.mp4",
        "--max-seconds",
        "9",
    ]
    path = tmp_path / "out.jsonl"
    with path.open("w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=out,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline_s = time.monotonic() + 60
        while path.stat().st_size == 0 and time.monotonic() < deadline_s:
            time.sleep(0.02)
        path.unlink()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 8 and "standard output" in err
