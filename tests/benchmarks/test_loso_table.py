"""One command makes the table: figures in a file, a section of the docs, run folders reused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import loso_table
from tests.training.fake_maps import FakeConfig, write_fake


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fake maps of two data sets, two subjects each."""
    return write_fake(tmp_path_factory.mktemp("flow"), FakeConfig(subjects=2))


def test_the_table(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, results, runs = tmp_path / "page.md", tmp_path / "out/loso.json", tmp_path / "runs"
    page.write_text("# A\n<!-- loso:begin -->\nstale line\n<!-- loso:end -->\nrest\n")
    arguments = ["--root", str(root), "--runs", str(runs), "--models", "svm,ststnet"]
    arguments += ["--seeds", "2", "--epochs", "1", "--device", "cpu"]
    arguments += ["--results", str(results), "--docs", str(page), "--few", "ststnet=1:2"]
    arguments += ["--measured", str(tmp_path / "measured.json")]
    monkeypatch.setattr(sys, "argv", ["loso_table.py", *arguments])
    loso_table.main()
    facts = json.loads(results.read_text())
    assert facts["command"] == (
        "python -m benchmarks.loso_table --root DIR --models svm,ststnet --seeds 2 --epochs 1 "
        "--few ststnet=1:2"
    )
    assert json.loads((tmp_path / "measured.json").read_text()) == facts
    assert {"date", "machine", "versions"} <= facts.keys()
    assert facts["models"]["ststnet"]["seeds"] == [0, 1] and facts["models"]["svm"]["n"] == 24
    assert str(tmp_path) not in results.read_text()  # nothing of the machine's folders
    text = page.read_text()
    assert text.startswith("# A\n<!-- loso:begin -->\nMade by `python -m benchmarks.loso_table")
    assert text.endswith("<!-- loso:end -->\nrest\n") and "stale line" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 1 + 2  # head and rule; the machine without a seed; mean and ensemble
    assert rows[2].startswith("| linear SVM on the maps | none | none | 1 |")
    assert "±" in rows[3] and "STSTNet: ensemble" in rows[4]
    finished = {path: path.stat().st_mtime_ns for path in runs.glob("*/folds/*.json")}
    loso_table.main()
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert json.loads(results.read_text())["models"] == facts["models"]
