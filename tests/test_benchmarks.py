"""The scripts whose figures the README quotes still run and print what they promise."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, f"benchmarks/{script}", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_throughput():
    result = run("throughput.py", "sample", "--runs", "1", "--loop-minutes", "1.2")
    assert result["size"] == "480x480"
    assert 0 < result["ratio"] < 1
    assert set(result["ms_per_frame"]) == {"decode", "faces", "spot_and_recognise"}
    assert result["memory"]["frames"] > 2000


def test_spotting_on_synthetic_recordings():
    portrait = str(ROOT / "streamer" / "assets" / "known_face.jpg")
    result = run("spot_synthetic.py", portrait, "--fps", "30", "--seconds", "12", "--size", "240")
    assert result["portraits"] == 1
    assert result["30 fps"]["injected"] >= 1
    assert 0 <= result["30 fps"]["f1"] <= 1
