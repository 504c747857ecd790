"""A page that was killed leaves a folder; the next one sweeps it, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.scratch import open_scratch, sweep_leftovers, without_folders


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_of_our_own(parent: Path) -> None:
    scratch = open_scratch()
    assert scratch.path.parent == parent and scratch.path.stat().st_mode & 0o077 == 0
    (scratch.path / "deep").mkdir()
    scratch.close()
    scratch.close()
    assert list(parent.iterdir()) == []


def test_a_running_page_is_left_alone(parent: Path) -> None:
    scratch = open_scratch()
    assert sweep_leftovers(parent) == []
    other = open_scratch()
    assert scratch.path.is_dir() and other.path.is_dir()
    for one in (scratch, other):
        one.close()


def test_what_a_killed_page_left_is_swept(parent: Path) -> None:
    code = (
        "import time\nfrom demo.scratch import open_scratch\n"
        "one = open_scratch()\n(one.path / 'face.png').write_bytes(b'x')\n"
        "print(one.path, flush=True)\ntime.sleep(600)\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(parent)}, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert running.stdout is not None
    left = Path(running.stdout.readline().strip())
    assert sweep_leftovers(parent) == [] and left.is_dir()
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert sweep_leftovers(parent) == [left]
    assert not left.exists()


def test_only_folders_of_ours_are_swept(
    parent: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "keep").write_text("mine")
    (parent / "mer-demo-link").symlink_to(elsewhere)
    (parent / "mer-demo-file").write_text("a file")
    (parent / "other").mkdir()
    assert sweep_leftovers(parent) == []
    assert (elsewhere / "keep").read_text() == "mine"
    (parent / "mer-demo-old").mkdir()  # of nobody who runs
    assert sweep_leftovers(parent) == [parent / "mer-demo-old"]
    assert len(list(parent.iterdir())) == 3


def test_a_visitor_reads_no_folder_of_this_machine() -> None:
    path = "/tmp/x/mer-demo-a1/visitor-2/live-1/signals.csv"
    assert (
        without_folders(f"{path} is no table: {path}.") == "signals.csv is no table: signals.csv."
    )
    assert without_folders("clip.mp4 is too long.") == "clip.mp4 is too long."
