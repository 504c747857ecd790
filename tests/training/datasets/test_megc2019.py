"""The composite: on complete trees 442 clips of 68 subjects, class by class."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streamer.core.errors import SourceNotFoundError, UsageError
from tests.training.datasets import trees
from training.datasets import counts, load_dataset

CASME2 = {
    **{"disgust": 63, "repression": 27, "happiness": 32, "surprise": 25},
    **{"others": 99, "sadness": 7, "fear": 2},
}  # 255 rows (Yan et al. 2014)
SAMM = {
    **{"Anger": 57, "Contempt": 12, "Disgust": 9, "Fear": 8, "Sadness": 6},
    **{"Happiness": 26, "Surprise": 15, "Other": 26},
}  # 159 rows
SMIC = {"negative": 70, "positive": 51, "surprise": 43}  # 164 movements in 157 recordings


def build(root: Path) -> Path:
    emotions = [name for name, count in CASME2.items() for _ in range(count)]
    rows = [
        trees.casme2_row(f"{1 + n % 26:02d}", f"EP{n:03d}", 1, 2, 3, emotion, 4)
        for n, emotion in enumerate(emotions)
    ]
    rows[3] = trees.casme2_row("04", "EP12_01f", 1, "/", 3, "disgust", 4)
    rows[4] = trees.casme2_row("05", "EP09_05f", 1, 1, 3, "disgust", 4)
    trees.casme2(root / "CASMEII", rows)
    emotions = [name for name, count in SAMM.items() for _ in range(count)]
    named = [(f"{6 + n % 28:03d}_1_{n}", emotion) for n, emotion in enumerate(emotions)]
    trees.samm(root / "SAMM", [trees.samm_row(name, 5, 6, 7, e) for name, e in named])
    short = {"negative": "ne", "positive": "po", "surprise": "sur"}
    made = []
    for emotion, count in SMIC.items():
        doubles = 7 if emotion == "negative" else 0
        for n in range(count - doubles):
            second = (4, 6) if n < doubles else None
            name = f"s{1 + n % 16}_{short[emotion]}_{n:02d}"
            made.append(trees.smic_row(name, 1, 3, emotion, second))
    assert len(made) == 157
    trees.smic_raw(root / "smic", made)
    return root


def test_counts_of_the_composite(tmp_path: Path) -> None:
    data = load_dataset("megc2019", build(tmp_path), 3)
    assert counts(data) == {
        "casme2": {"negative": 88, "positive": 32, "surprise": 25},
        "samm": {"negative": 92, "positive": 26, "surprise": 15},
        "smic": {"negative": 70, "positive": 51, "surprise": 43},
    }
    assert len({clip.id for clip in data.clips}) == 442
    assert len(data.rejected) == 255 - 145 + 159 - 133
    assert len(load_dataset("casme2", tmp_path, 5).clips) == 246
    assert len(load_dataset("samm", tmp_path, 5).clips) == 136
    two = load_dataset("samm,casme2", tmp_path, 3)  # folders SAMM and CASMEII
    assert two.name == "samm,casme2" and len(two.clips) == 133 + 145
    with pytest.raises(UsageError, match="three classes only"):
        load_dataset("megc2019", tmp_path, 5)
    shutil.rmtree(tmp_path / "SAMM")
    with pytest.raises(SourceNotFoundError, match="no folder samm"):
        load_dataset("megc2019", tmp_path, 3)
