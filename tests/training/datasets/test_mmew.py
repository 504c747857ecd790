"""MMEW: folders by emotion, repairs of apex and offset."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.core.errors import SourceNotFoundError
from tests.training.datasets.trees import images, workbook
from training.datasets import counts, load_dataset, repaired

HEAD = (
    *("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units"),
    *("Estimated Emotion", "remarks"),
)


def test_mmew(tmp_path: Path) -> None:
    rows = [
        [1, "S01-01-001", 1, 15, 31, "6+12", "happiness", None],
        [1, "S01-02-001", 1, 15, 9, 5, "surprise", None],  # offset before the apex
        [13, "S13-03-001", 1, 60, 41, "4", "disgust", None],  # apex behind the folder's end
        [13, "S13-04-001", 1, 9, 20, "4", "Others", None],
        [13, "S13-09-001", 1, 9, 20, "4", "fear", None],  # no folder
        [13, "overview", 1, 9, 20, "4", "fear", None],
    ]
    workbook(tmp_path / "MMEW_Micro_Exp.xlsx", {"Sheet1": [HEAD, *rows]})
    for emotion, name, last in (
        ("happiness", "S01-01-001", 31),
        ("surprise", "S01-02-001", 40),
        ("disgust", "S13-03-001", 41),
        ("others", "S13-04-001", 30),
    ):
        images(tmp_path / "Micro_Expression" / emotion / name, "{}.jpg", range(1, last + 1))
    data = load_dataset("mmew", tmp_path)
    assert [(c.id, c.apex, c.offset, c.fps) for c in data.clips] == [
        ("mmew/S01/S01-01-001", 15, 31, 90.0),
        ("mmew/S01/S01-02-001", 15, 40, 90.0),
        ("mmew/S13/S13-03-001", None, 41, 90.0),
        ("mmew/S13/S13-04-001", 9, 20, 90.0),
    ]
    assert len(repaired(data)) == 2
    assert "no folder fear/S13-09-001" in data.rejected[0].reason
    assert "'overview'" in data.rejected[1].reason
    three = load_dataset("mmew", tmp_path, 3)
    assert counts(three)["mmew"] == {"negative": 1, "positive": 1, "surprise": 1}


def test_no_frames(tmp_path: Path) -> None:
    workbook(tmp_path / "MMEW_Micro_Exp.xlsx", {"Sheet1": [HEAD]})
    with pytest.raises(SourceNotFoundError, match="no clips of MMEW"):
        load_dataset("mmew", tmp_path)
