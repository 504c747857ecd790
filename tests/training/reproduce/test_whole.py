"""From pictures to the page: real tracking, faces of the published size, tiny networks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from training.reproduce import steps
from training.reproduce.report import PAGE
from training.reproduce.request import Request
from training.reproduce.run import reproduce

SETTINGS = """\
selfme:
  learner:
    image_size_px: 256
    keypoints: 3
    detector: {expansion: 4, max_features: 8, blocks: 2}
    dense: {expansion: 4, max_features: 8, blocks: 2}
    generator: {width: 4, max_features: 8, downs: 1, bottlenecks: 1}
  field: {cells: 28, patch: 7, width: 16, depth: 1, heads: 2}
training: {epochs: 1, batch: 4}
fine_tuning: {epochs: 0}
"""
MOTION = """\
network:
  image_size_px: 256
  keypoints: 3
  detector: {expansion: 4, max_features: 8, blocks: 2}
  dense: {expansion: 4, max_features: 8, blocks: 2}
  generator: {width: 4, max_features: 8, downs: 1, bottlenecks: 1}
epochs: 1
batch: 2
"""


@pytest.mark.slow
def test_from_pictures_to_the_page(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yaml").write_text(SETTINGS)
    (tmp_path / "motion.yaml").write_text(MOTION)
    out = tmp_path / "out"
    others = shutil.copytree(recorded, tmp_path / "others")
    options = {
        "pretrain": str(others), "config": tmp_path / "own.yaml", "only": ("table4", "figure5"),
        "motion_config": tmp_path / "motion.yaml", "device": "cpu",
    }  # fmt: skip
    request, said, real = Request({"folder": recorded}, out, **options), [], steps.run_experiment

    def stop(*given: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "run_experiment", stop)
    with pytest.raises(KeyboardInterrupt):
        reproduce(request, said.append)
    learner = (out / "motion" / "learner.safetensors").stat().st_mtime_ns
    timed = json.loads((out / "estimate.json").read_text())["cpu"]
    assert list(timed) == ["faces", "large-faces", "motion", "table4", "figure5"]
    assert all(seconds > 0.0 for seconds in timed.values())
    monkeypatch.setattr(steps, "run_experiment", real)
    reproduce(request, said.append)
    assert (out / "motion" / "learner.safetensors").stat().st_mtime_ns == learner
    rows = json.loads((out / "table4" / "experiment.json").read_text())["rows"]
    assert set(rows) == {"1", "2", "3"} and rows["2"]["n"] == 9
    page = (out / PAGE).read_text()
    assert page.count("data:image/png;base64,") == 2 and "rendered/ann/positive" in page
