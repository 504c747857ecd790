"""The benchmark of mer-batch compares what it says it compares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import batch
from streamer.sources import open_source

ROOT = Path(__file__).parents[2]


def test_recordings_are_looped_and_broken_as_told(tmp_path: Path) -> None:
    sample = ROOT / "streamer" / "assets" / "sample.mp4"
    batch.make_forty([sample], tmp_path, 28.0)
    assert len(list(tmp_path.rglob("*.mp4"))) == 40
    with open_source(str(tmp_path / "b" / "interview00.mp4")) as source:
        frames = [frame.time_s for frame in source]
    assert len(frames) == 840 and frames[-1] == pytest.approx(839 / 30, abs=1e-3)
    with open_source(str(tmp_path / "b" / "interview01.mp4")) as source:
        assert source.info.declared_frames == 836  # two packets fewer in each round


def test_comparison_sees_a_byte_and_ignores_timing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "clip").mkdir(parents=True)
        (tmp_path / name / "clip" / "events.jsonl").write_text("{}\n")
        run = {"key": "k", "timing": {"wall_s": len(name) + ord(name[0])}}
        (tmp_path / name / "clip" / "run.json").write_text(json.dumps(run))
    one, two = tmp_path / "one", tmp_path / "two"
    assert batch.compare(one, two) == {"files": 2, "different": []}
    (two / "clip" / "events.jsonl").write_text("{} \n")
    (two / "extra").write_text("")
    assert batch.compare(one, two)["different"] == ["clip/events.jsonl", "extra"]
