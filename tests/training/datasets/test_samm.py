"""SAMM: the header's row, padding, bad apexes, "Other"."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.datasets.trees import samm, samm_row
from training.datasets import counts, frames_of, load_dataset, repaired

ROWS = [
    samm_row("006_1_2", 562, 580, 600, "Contempt", "R12 or R14"),
    samm_row("028_4_1", 1096, 1143, 1134, "Anger", "4A/B"),
    samm_row("032_3_1", 4896, 1930, 4930, "Disgust", "(R6 or R12)+R15"),
    samm_row("007_6_1", 562, 580, 600, "Happiness", "T23"),
    samm_row("007_7_1", 562, 580, 600, "Surprise", 5),
    samm_row("007_7_2", 562, 580, 600, "Other", 5),
]


@pytest.mark.parametrize("header_row", [1, 14])
@pytest.mark.parametrize("digits", [4, 5])
def test_native(tmp_path: Path, header_row: int, digits: int) -> None:
    data = load_dataset("samm", samm(tmp_path, ROWS, header_row=header_row, digits=digits))
    assert not data.rejected
    assert [clip.apex for clip in data.clips] == [580, None, None, 580, 580, 580]
    first = data.clips[0]
    assert first.id == "samm/006/006_1_2" and first.emotion == "contempt"
    assert frames_of(first).path(580).name == f"006_{580:0{digits}d}.jpg"
    assert data.clips[2].extra["action_units"] == "(R6 or R12)+R15"
    assert "apex 1143 is outside the clip 1096..1134" in repaired(data)[0]
    assert "apex 1930 is outside the clip 4896..4930" in repaired(data)[1]


def test_classes(tmp_path: Path) -> None:
    samm(tmp_path, ROWS)
    three = load_dataset("samm", tmp_path, 3)
    assert counts(three)["samm"] == {"negative": 3, "positive": 1, "surprise": 1}
    five = load_dataset("samm", tmp_path, 5)
    expected = {"anger": 1, "contempt": 1, "happiness": 1, "other": 1, "surprise": 1}
    assert counts(five)["samm"] == expected
    assert "'disgust'" in five.rejected[0].reason


def test_subject_as_a_number(tmp_path: Path) -> None:
    samm(tmp_path, ROWS[:1])
    from tests.training.datasets.trees import SAMM_HEAD, workbook

    row = (6, *ROWS[0][1:])
    workbook(tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx", {"MICRO_ONLY": [SAMM_HEAD, row]})
    assert load_dataset("samm", tmp_path).clips[0].subject == "006"
