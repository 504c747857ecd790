"""CAS(ME)2, SAMM-LV and CAS(ME)3: several movements in one video, fractions, zeros, lost frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError
from tests.training.datasets.trees import images, samm_row, workbook
from tests.training.datasets.trees import samm as samm_tree
from training.datasets import casme3, casme_sq, counts, frames_of, load_dataset, repaired, samm_lv

MACRO, MICRO = "macro-expression", "micro-expression"


def casme_sq_tree(root: Path) -> Path:
    rows = [
        [1, "disgust1_1", 10, 20, 30, "4+10", "negative", MICRO, "disgust"],
        [1, "disgust1_2", 40, 50, 0, 12, "positive", MACRO, "happyiness"],  # offset 0
        [2, "happy3_1", 10, 0, 30, "12", "happyiness", MACRO, "happiness"],  # apex 0
        [2, "happy3_2", 40, 60, 50, "12", "surprise", MACRO, "surprise"],  # apex > offset
        [2, "anger9_1", 40, 45, 50, "12", "others", MACRO, "x"],  # no such video
        [99, "happy3_3", 40, 45, 50, "12", "others", MACRO, "x"],  # no such participant
    ]
    sheets = {
        "CASFEcode_final": rows,
        "naming rule1": [[15, "s15", 1], [23, "s23", 2]],
        "naming rule2": [["0101", "disgust1"], [502, "happy3"]],  # a lost leading zero
    }
    workbook(root / "CAS(ME)^2code_final(Updated).xlsx", sheets)
    images(root / "rawpic/s15/15_0101disgustingteeth", "img{}.jpg", range(1, 101))
    # A known slip: this video of subject 23 lies in the folder of subject 19.
    images(root / "rawpic/s19/23_0502funnyerrors", "img{}.jpg", range(1, 101))
    images(root / "rawpic/s15/15_0102eatingworms", "img{}.jpg", range(1, 5))  # no movement
    return root


def test_casme_sq(tmp_path: Path) -> None:
    data = load_dataset("cas(me)2", casme_sq_tree(tmp_path))
    assert [(c.id, c.onset, c.apex, c.offset, c.kind, c.emotion) for c in data.clips] == [
        ("casme_sq/s15/disgust1_1_10", 10, 20, 30, "micro", "negative"),
        ("casme_sq/s15/disgust1_2_40", 40, 50, 50, "macro", "positive"),
        ("casme_sq/s23/happy3_1_10", 10, None, 30, "macro", "happiness"),
        ("casme_sq/s23/happy3_2_40", 40, None, 50, "macro", "surprise"),
    ]
    assert data.clips[1].extra["self_report"] == "happiness"
    assert len(repaired(data)) == 3
    assert "'anger9' (of 'anger9_1') is not in sheet 'naming rule2'" in data.rejected[0].reason
    assert "row 6" in data.rejected[1].source and "participant 99" in data.rejected[1].reason
    assert len(casme_sq.videos(tmp_path)) == 3  # the one without any movement included
    three = load_dataset("casme_sq", tmp_path, 3)
    assert counts(three)["casme_sq"] == {"negative": 1, "positive": 2, "surprise": 1}


def test_casme_sq_faults(tmp_path: Path) -> None:
    casme_sq_tree(tmp_path)
    table = tmp_path / "CAS(ME)^2code_final(Updated).xlsx"
    workbook(table, {"CASFEcode_final": [[1]], "naming rule1": [["x"]], "naming rule2": []})
    with pytest.raises(SourceFormatError, match="sheet naming rule1: no rows like '15, s15, 1'"):
        load_dataset("casme_sq", tmp_path)
    workbook(table, {"CASFEcode_final": [[1]], "Sheet2": []})
    with pytest.raises(SourceFormatError, match="no sheet 'naming rule1'"):
        load_dataset("casme_sq", tmp_path)
    with pytest.raises(SourceNotFoundError, match="no videos"):
        casme_sq.videos(tmp_path / "rawpic/s15/15_0102eatingworms")


SAMM_LV_HEAD = (
    *("Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type"),
    *("Action Units", "Notes"),
)


def samm_lv_tree(root: Path) -> Path:
    rows = [
        ["006", "006_1_1", 1, 10, 20, 30, 21, "Micro - 1/2", "4", None],
        ["006", "006_1_2", 1, 40.25, 50.5, 60.5, 21, "Macro", "12", None],  # fractions
        ["006", "006_1_3", 1, 0, 5, 9, 9, "Macro", "12", None],  # begins before the video
        ["020", "020_6_5", 1, 50, -1, 130, 80, "Macro", "12", None],  # no apex, offset behind end
        ["037", "037_4_1", 1, 10, 20, 30, 21, "Micro - 1/2", "4", None],
        ["037", "037_4_1", 1, 5, 20, 90, 86, "Macro", "4", None],  # both kinds
    ]
    notes = [[f"note {number}"] for number in range(9)]
    workbook(
        root / "SAMM_LongVideos_V2_Release.xlsx",
        {"FACS_Movement_Only": [*notes, SAMM_LV_HEAD, *rows], "Other": []},
    )
    for video in ("006_1", "020_6", "037_4", "037_5"):
        images(root / "SAMM_longvideos" / video, f"{video}_{{:04d}}.jpg", range(1, 101))
    return root


def test_samm_lv(tmp_path: Path) -> None:
    data = load_dataset("samm-lv", samm_lv_tree(tmp_path))
    assert [(c.id, c.onset, c.apex, c.offset, c.kind) for c in data.clips] == [
        ("samm_lv/006/006_1_1_micro", 10, 20, 30, "micro"),
        ("samm_lv/006/006_1_2_macro", 40, 51, 61, "macro"),
        ("samm_lv/006/006_1_3_macro", 1, 5, 9, "macro"),
        ("samm_lv/020/020_6_5_macro", 50, None, 100, "macro"),
        ("samm_lv/037/037_4_1_micro", 10, 20, 30, "micro"),
        ("samm_lv/037/037_4_1_macro", 5, 20, 90, "macro"),
    ]
    assert {clip.emotion for clip in data.clips} == {"unlabelled"}
    assert frames_of(data.clips[0]).path(20).name == "006_1_0020.jpg"
    assert len(repaired(data)) == 2
    assert list(samm_lv.videos(tmp_path)) == ["006_1", "020_6", "037_4", "037_5"]


def test_samm_lv_takes_emotions_from_the_micro_table(tmp_path: Path) -> None:
    samm_lv_tree(tmp_path)
    samm_tree(tmp_path / "micro", [samm_row("006_1_1", 10, 20, 30, "Anger")])
    data = load_dataset("samm_lv", tmp_path, 3)
    assert [(clip.id, clip.emotion) for clip in data.clips] == [
        ("samm_lv/006/006_1_1_micro", "negative")
    ]
    assert len(data.rejected) == 5 and "SAMM-LV gives none" in data.rejected[0].reason


def test_samm_lv_newest_table(tmp_path: Path) -> None:
    samm_lv_tree(tmp_path)
    newer = [SAMM_LV_HEAD, ["006", "006_1_9", 1, 1, 2, 3, 3, "Macro", "4", None]]
    workbook(tmp_path / "SAMM_LongVideos_V3_Release.xlsx", {"FACS_Movement_Only": newer})
    assert [c.id for c in load_dataset("samm_lv", tmp_path).clips] == ["samm_lv/006/006_1_9_macro"]


CASME3_HEAD = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")


def test_casme3(tmp_path: Path) -> None:
    rows = [
        ["spNO.1", "a", "166", "175", "179", "4", "III", "disgust"],
        ["spNO.1", "a", "181", "185", "194", "38", "VII", "Others"],  # the same video
        ["spNO.40", "e", "10", "20", "0", "38", "VII", "others"],  # offset 0
        ["spNO.40", "e", "30", "33", "40", "R1+2", "II", "happy"],  # dropped frames 30, 33
        ["spNO.40", "e", "50", "33", "60", "14", "VII", "sad"],  # apex before the onset
        ["spNO.40", "e", "50", "33", "60", "14", "VII", "sad"],  # a double
    ]
    annotation = tmp_path / "annotation"
    workbook(
        annotation / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
        {"label": [CASME3_HEAD, *rows], "x": []},
    )
    workbook(annotation / "cas(me)3_part_A_MaE_label_JpgIndex_v2.xlsx", {"label": []})
    images(tmp_path / "part_A/spNO.1/a/color", "{}.jpg", range(150, 200))
    images(tmp_path / "part_A/spNO.1/a/depth", "{}.png", range(150, 200))
    there = [n for n in range(1, 70) if n not in (30, 33)]
    images(tmp_path / "part_A/spNO.40/e/color", "{}.jpg", there)
    data = load_dataset("casme3", tmp_path)
    assert [(c.id, c.onset, c.apex, c.offset, c.emotion) for c in data.clips] == [
        ("casme3/spNO.1/a_166_179", 166, 175, 179, "disgust"),
        ("casme3/spNO.1/a_181_194", 181, 185, 194, "others"),
        ("casme3/spNO.40/e_10_0", 10, 20, 20, "others"),
        ("casme3/spNO.40/e_30_40", 31, 32, 40, "happy"),
        ("casme3/spNO.40/e_50_60", 50, None, 60, "sad"),
    ]
    assert frames_of(data.clips[0]).path(175).name == "175.jpg"
    assert len(data.rejected) == 1 and "stands already in" in data.rejected[0].reason
    three = load_dataset("casme3", tmp_path, 3)
    assert counts(three)["casme3"] == {"negative": 2, "positive": 1}


def test_casme3_videos(tmp_path: Path) -> None:
    images(tmp_path / "part_A/spNO.1/a/color", "{}.jpg", range(3))
    images(tmp_path / "part_A/spNO.2/b", "{}.jpg", range(3))
    assert casme3.videos(tmp_path) == {
        "spNO.1/a": tmp_path / "part_A/spNO.1/a/color",
        "spNO.2/b": tmp_path / "part_A/spNO.2/b",
    }
