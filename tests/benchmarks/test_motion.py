"""benchmarks.motion prints the errors of every method it is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import streamer
from training.synthetic.pair_face import PairFace
from training.synthetic.pairs import PairRange, draw_pairs, write_pairs
from training.synthetic.video import read_portrait

ROOT = Path(__file__).parents[2]
KNOWN_FACE = Path(streamer.__file__).parent / "assets" / "known_face.jpg"


def test_errors_and_grey(tmp_path):
    pairs = draw_pairs([PairFace(read_portrait(KNOWN_FACE, 320), "known")], 3, 0)
    write_pairs(pairs, tmp_path / "pairs.npz", PairRange())
    words = ["--methods", "dis", "selfme", "--sections", "errors", "grey"]
    words.append("reconstruction")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.motion", str(tmp_path / "pairs.npz"), *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["pairs"] == 3
    assert set(result["errors"]) == {"nothing", "dis", "selfme"}
    assert result["errors"]["dis"]["whole_px"] < result["errors"]["nothing"]["whole_px"]
    assert result["grey"]["dis"] == 0.0
    assert 0.0 < result["grey"]["selfme"] < 0.2
    rebuilt = result["reconstruction"]
    assert rebuilt["painted"] < rebuilt["onset"] and rebuilt["warped"] < rebuilt["onset"]
