"""The command line as a process: start-up time, what is imported, signals, closed pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).parents[3]
HEAVY = ("torch", "scipy", "sklearn")
SLOW = [sys.executable, "-m", "tests.streamer.outputs.slow_run"]


def start(command: list[str], **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,  # type: ignore[call-overload]
    )


def run_timed(*arguments: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """A Python process, and the processor time that it took."""
    began = os.times()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "100"},
    )
    ended = os.times()
    spent_s = ended.children_user + ended.children_system
    return done, spent_s - began.children_user - began.children_system


def test_help_is_quick_and_teaches() -> None:
    """Beside the parser alone, in turns, the best of three: twice its time on an idle machine."""
    rounds = [
        (run_timed("-m", "streamer", "--help"), run_timed("-c", "import typer.rich_utils"))
        for _ in range(3)
    ]
    help_s, parser_s = (min(taken[1] for taken in column) for column in zip(*rounds, strict=True))
    assert help_s < 6 * max(parser_s, 0.01), "numpy, cv2 or the like are imported for --help"
    done = rounds[0][0][0]
    assert done.returncode == 0 and done.stderr == ""
    for part in ("mer-stream sample", "--source", "--signals", "Exit codes", "EU AI Act"):
        assert part in done.stdout


def test_help_and_settings_import_nothing_heavy() -> None:
    code = (
        "import sys; from streamer.cli.stream import main\n"
        "sys.argv = ['mer-stream', '--print-config']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"bad = {(*HEAVY, 'cv2', 'mediapipe', 'av', 'onnxruntime')!r}\n"
        "print([name for name in bad if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_flushes_the_open_event_and_closes_the_files(
    number: signal.Signals, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("s.csv", "v.mp4", "sum.json")}
    process = start(
        [
            *(*SLOW, "a.mp4", "--signals", str(files["s.csv"])),
            *("--save-video", str(files["v.mp4"]), "--summary", str(files["sum.json"])),
        ]
    )
    assert process.stdout is not None
    first = process.stdout.readline()  # the event of frame 0, known at frame 15
    assert json.loads(first)["onset_frame"] == 0
    process.stdout.readline()  # of frame 30, known at 45; frame 60 soon opens another
    time.sleep(0.2)
    process.send_signal(number)
    rest, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err and "Traceback" not in err
    events = [json.loads(line) for line in rest.splitlines()]
    frames = files["s.csv"].read_text().splitlines()
    summary = json.loads(files["sum.json"].read_text())["sources"][0]
    assert summary["interrupted"] is True
    assert summary["frames"] == len(frames) - 1
    assert sum(summary["events"].values()) == len(events) + 2
    onsets = list(range(0, summary["frames"], 30))  # all, and so the open one too
    assert [event["onset_frame"] for event in events] == onsets[2:]
    with av.open(str(files["v.mp4"])) as video:
        assert sum(1 for _ in video.decode(video=0)) == summary["frames"]


def test_a_closed_pipe_ends_the_run_quietly() -> None:
    process = start([*SLOW, "a.mp4"])
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_full_standard_output_is_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*SLOW, "a.mp4"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 8
    assert "standard output: the disk is full" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_no_library_reports_home(tmp_path: Path) -> None:
    """ONNX Runtime writes a session file before it reports usage; without telemetry it does not."""
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "streamer", "sample", "--max-seconds", "3", "--quiet"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(scratch), "HOME": str(home), "XDG_CACHE_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["emotion"] == "surprise"
    assert [path for path in scratch.rglob("*") if path.is_file()] == []
    assert not list(home.rglob("*icrosoft*"))
