"""The scripts whose figures the docs quote still run and print what they promise."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import spot_table, spotter_settings

ROOT = Path(__file__).parents[2]


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{script}", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_throughput():
    result = run("throughput", "sample", "--runs", "1", "--loop-minutes", "0.3")
    assert result["size"] == "480x480"
    assert 0 < result["ratio"] < 1
    assert set(result["ms_per_frame"]) == {"decode", "faces", "spot_and_recognise"}
    assert result["memory"]["frames"] > 400


@pytest.mark.slow
def test_spotter_settings():
    options = ("--names", "known_face", "--seconds", "8", "--size", "200")
    result = run("spotter_settings", "--portraits", "streamer/assets", *options)
    rows = result["settings"]
    assert {f"sensitivity {s}" for s in ("0.5", "1", "2", "4")} < set(rows)
    assert all(row["cpu_ms_per_frame"] > 0 for row in rows.values())
    assert all(
        set(row["recall_by_strength_iod"]) <= {"0.015", "0.03", "0.05"} for row in rows.values()
    )
    section = spotter_settings.section(result)
    assert section.count("\n| sensitivity") == len(rows)


@pytest.mark.slow
def test_spotting_table(tmp_path):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "talk.mp4").write_bytes(
        (ROOT / "streamer" / "assets" / "sample.mp4").read_bytes()
    )
    portraits = str(ROOT / "streamer" / "assets")
    options = (
        "--names",
        "known_face",
        "--clips",
        str(tmp_path / "clips"),
        "--quick",
        "--jobs",
        "1",
    )
    result = run("spot_table", "--portraits", portraits, *options)
    rows = result["rates"]["30"]
    assert set(rows) == {
        "rule", "learned", "mdmd", "mdmd-relaxed", "he2021", "he2021-relaxed", "softnet-like"
    }  # fmt: skip
    assert all(0 <= row["f1"] <= 1 and row["true"] >= 1 for row in rows.values())
    assert all(row["false_per_minute_talking"] >= 0 for row in rows.values())
    assert result["clips"]["recordings"] == 1 and result["clips"]["minutes"] > 0.06
    text = spot_table.section(result)
    assert f"| 30 fps, {rows['rule']['true']} injected | recall at " in text
    assert text.count("| **mer-stream** (causal) |") == 1
    assert "on 1 real clips played to and fro" in text
