"""The command line of mer-batch: refusals in one sentence, and a light start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamer.cli.batch import app

HEAVY = ("torch", "mediapipe", "scipy", "sklearn", "ray", "pyarrow", "pympi", "cv2")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no recording was named"),
        (["sample"], "--output FOLDER"),
        (["sample", "-o", "out", "--formats", "jsonl,docx"], "choose from jsonl"),
        (["webcam", "-o", "out"], "live source"),
        (["sample", "-o", "out", "--address", "x"], "add --engine ray"),
        (["sample", "-o", "out", "--redact", "blur"], "add --save-video"),
        (["sample", "-o", "out", "--set", "spotter.nonsense=1"], "unknown key"),
    ],
)
def test_refusals_are_one_sentence_and_leave_nothing_behind(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("mer-batch: error: ") and says in result.stderr
    assert result.stderr.count("\n") == 1 and result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    result = CliRunner().invoke(app, ["sample", "-o", str(tmp_path / "out")])
    assert result.exit_code == 8 and "name a folder" in result.stderr
    assert (tmp_path / "out").read_text() == "mine"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, streamer.cli.batch as b; sys.argv = ['mer-batch', '--help']\n"
        "try:\n    b.main()\nexcept SystemExit:\n    pass\n"
        f"sys.exit(','.join(m for m in {HEAVY!r} if m in sys.modules) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--resume" in done.stdout
