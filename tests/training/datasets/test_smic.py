"""SMIC-HS: raw and cropped, two movements in one recording, text in number columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.core.errors import SourceNotFoundError, UsageError
from tests.training.datasets.trees import images, smic_raw, smic_row
from training.datasets import counts, frames_of, load_dataset

ROWS = [
    smic_row("s3_ne_01", 426679, 426700, "negative", first="MISSING <-426679"),
    smic_row("s03_po_02", 11, 30, "positive", second=(41, 60)),
    smic_row("s20_sur_01", 17581039, 17581060, "surprise"),
]


@pytest.mark.parametrize("suffix", ["jpg", "bmp"])
def test_raw(tmp_path: Path, suffix: str) -> None:
    data = load_dataset("smic-hs", smic_raw(tmp_path, ROWS, suffix))
    assert [clip.id for clip in data.clips] == [
        "smic/s03/s03_ne_01",
        "smic/s03/s03_po_02",
        "smic/s03/s03_po_02_2",
        "smic/s20/s20_sur_01",
    ]
    assert all(clip.apex is None and clip.fps == 100.0 for clip in data.clips)
    assert (data.clips[2].onset, data.clips[2].offset) == (41, 60)
    assert frames_of(data.clips[3]).path(17581039).name == f"image17581039.{suffix}"
    assert not any("repaired" in clip.extra for clip in data.clips)  # no apex is no fault here
    assert counts(data) == {"smic": {"negative": 1, "positive": 2, "surprise": 1}}


def test_cropped_needs_no_table(tmp_path: Path) -> None:
    top = tmp_path / "SMIC_all_cropped"
    images(top / "HS/s03/micro/negative/s3_ne_01", "reg_image{:05d}.bmp", range(20, 41))
    images(top / "HS/s11/micro/surprise/s11_sur_01", "reg_image{:05d}.bmp", range(5, 9))
    images(top / "HS/s03/non_micro/s3_nm_01", "reg_image{:05d}.bmp", range(5, 9))
    images(top / "VIS/s11/micro/surprise/s11_sur_01", "reg_image{:05d}.bmp", range(5, 9))
    (top / "HS/s03/micro/positive/s3_po_01").mkdir(parents=True)
    data = load_dataset("smic", tmp_path, 3)
    assert [(c.id, c.onset, c.offset, c.emotion) for c in data.clips] == [
        ("smic/s03/s03_ne_01", 20, 40, "negative"),
        ("smic/s11/s11_sur_01", 5, 8, "surprise"),
    ]
    assert "s3_po_01 holds no numbered images" in data.rejected[0].reason


def test_a_row_without_frames_and_a_raw_tree_without_table(tmp_path: Path) -> None:
    smic_raw(tmp_path, ROWS)
    for path in (tmp_path / "HS_long/SMIC_HS_E/s20/s20_sur_01").iterdir():
        path.unlink()
    (tmp_path / "HS_long/SMIC_HS_E/s20/s20_sur_01").rmdir()
    data = load_dataset("smic", tmp_path)
    assert len(data.clips) == 3
    assert "row 4" in data.rejected[0].source and "no folder of frames" in data.rejected[0].reason
    (tmp_path / "HS_long/SMIC_HS_E/SMIC-HS-E_annotation.xlsx").unlink()
    with pytest.raises(SourceNotFoundError, match="no table of SMIC-HS"):
        load_dataset("smic", tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="no clips of SMIC-HS"):
        load_dataset("smic", tmp_path)
    with pytest.raises(UsageError, match="no five classes"):
        load_dataset("smic", tmp_path, 5)
