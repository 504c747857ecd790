"""Scoring a folder of maps: index checks, pairing by clip id, a real folder where there is one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from training.common.metrics import RecognitionScore
from training.common.records import Clip
from training.datasets import flow_maps
from training.datasets.arrays import load_map
from training.pretrain.zero_shot import format_scores, score_folder

HEAD = "file,dataset,subject,clip,emotion"
REAL = Path(__file__).parents[3] / "shared" / "data" / "megc2019_flow"


def write_folder(root: Path, rows: list[str]) -> Path:
    (root / "index.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    rng = np.random.default_rng(0)
    for row in rows:
        image = rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)
        cv2.imwrite(str(root / row.split(",")[0]), image)
    return root


def test_scores_per_data_set_and_pooled(tmp_path: Path) -> None:
    rows = ["a.png,x,s1,c1,negative", "b.png,x,s1,c2,positive", "c.png,y,s1,c1,surprise"]
    scores = score_folder(write_folder(tmp_path, rows))
    assert {name: score.count for name, score in scores.items()} == {"x": 2, "y": 1, "all": 3}
    table = format_scores(scores).splitlines()
    assert table[0].split()[:4] == ["data", "set", "clips", "UF1"] and len(table) == 4


def test_the_table_prints_the_figures() -> None:
    score = RecognitionScore(7, 0.5, 0.25, 0.4, (0.1, 0.2, 0.3), ((0,),))
    line = format_scores({"x": score}).splitlines()[1]
    assert line.split() == ["x", "7", "0.500", "0.250", "0.100", "0.200", "0.300"]


def test_channels_are_u_v_strain(tmp_path: Path) -> None:
    image = np.zeros((28, 28, 3), dtype=np.uint8)
    image[..., 2] = 9  # the last channel of cv2 is R, which holds u
    cv2.imwrite(str(tmp_path / "m.png"), image)
    clip = Clip("x/s/c", "x", "s", tmp_path / "m.png", 0.0, 0, 1, 1, "negative")
    assert load_map(clip)[0, 0].tolist() == [9, 0, 0]


def test_bad_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"index\.csv"):
        score_folder(tmp_path)
    (tmp_path / "index.csv").write_text("file,emotion\n")
    with pytest.raises(SourceFormatError, match="'dataset', 'subject', 'clip'"):
        score_folder(tmp_path)
    write_folder(tmp_path, ["a.png,x,s1,c1,bored", "b.png,x,s1,c2,negative"])
    with pytest.raises(SourceFormatError, match=r"row 2.*'bored'"):
        score_folder(tmp_path)
    write_folder(tmp_path, ["a.png,x,s1,c1,negative", "b.png,x,s1,c1,negative"])
    with pytest.raises(SourceFormatError, match=r"row 3: x/s1/c1 stands already in .* row 2"):
        score_folder(tmp_path)
    write_folder(tmp_path, ["a.png,x,s1,c1,negative", "b.png,x,s1,c2,negative"])
    (tmp_path / "b.png").unlink()
    with pytest.raises(SourceFormatError, match=r"row 3: .*b\.png not found"):
        score_folder(tmp_path)
    (tmp_path / "b.png").write_bytes(b"no image")
    with pytest.raises(SourceFormatError, match=r"b\.png .*is not a readable image"):
        score_folder(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="the public flow maps are not on this machine")
def test_the_real_folder_can_be_read() -> None:
    """Read only: scoring it is a deliberate act (`mer-train zero-shot`), not part of every run."""
    data = flow_maps.load(REAL)
    assert data.rejected == ()
    assert Counter(c.dataset for c in data.clips) == {"casme2": 145, "samm": 133, "smic": 164}
    assert load_map(data.clips[0]).shape == (28, 28, 3)
