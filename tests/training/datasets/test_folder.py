"""Our own format: clips.csv beside frames and videos."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from tests.training.datasets.trees import images
from training.datasets import DATASETS, class_names, load_dataset, repaired
from training.datasets.registry import check_dataset

HEAD = "subject,clip,path,fps,onset,apex,offset,emotion,dataset,kind"


def write(root: Path, *lines: str) -> Path:
    (root / "clips.csv").write_text("\n".join([HEAD, *lines]) + "\n")
    images(root / "anna" / "smile", "{:04d}.png", range(1, 61))
    (root / "ben.mp4").touch()
    return root


def test_frames_and_videos(tmp_path: Path) -> None:
    write(
        tmp_path,
        "anna,smile1,anna/smile,200,12,31,58,positive,,",
        "ben,brows,ben.mp4,29.97,40,,66,surprise,lab2,macro",
        "anna,brows,anna/smile,200,12,11,58,negative,lab2,",
    )
    data = load_dataset("folder", tmp_path, 3)
    assert [(c.id, c.group, c.apex, c.kind) for c in data.clips] == [
        ("folder/anna/smile1", "folder/anna", 31, "micro"),
        ("lab2/ben/brows", "lab2/ben", None, "macro"),
        ("lab2/anna/brows", "lab2/anna", None, "micro"),
    ]
    assert len(repaired(data)) == 1  # an empty apex is no fault, one before the onset is


def test_bad_rows_are_listed(tmp_path: Path) -> None:
    write(
        tmp_path,
        "anna,a,anna/smile,200,12,31,58,positive,,",
        "anna,b,anna/smile,fast,12,31,58,positive,,",
        "anna,c,anna/gone,200,12,31,58,positive,,",
        "anna,d,anna/smile,200,12,31,58,positive,,mini",
        "anna,e/f,anna/smile,200,12,31,58,positive,,",
        "anna,g,gone.mp4,30,12,31,58,positive,,",
    )
    data = load_dataset("folder", tmp_path)
    assert [row.source.rsplit(" ", 1)[1] for row in data.rejected] == ["3", "4", "5", "6", "7"]
    words = ("'fast' is not a rate", "gone not found", "micro or macro", "slash", "gone.mp4")
    assert all(w in row.reason for w, row in zip(words, data.rejected, strict=True))
    report = check_dataset("folder", tmp_path, "native")
    assert "1 clips, 1 subjects" in report and "5 rows not used:" in report


def test_faults(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"clips\.csv not found: write it"):
        load_dataset("folder", tmp_path)
    with pytest.raises(SourceFormatError, match="the table has no rows"):
        load_dataset("folder", write(tmp_path))
    with pytest.raises(UsageError, match="'casme9' is unknown: choose among casme2, samm"):
        load_dataset("casme9", tmp_path)
    with pytest.raises(UsageError, match="no data set named"):
        load_dataset(" , ", tmp_path)
    with pytest.raises(UsageError, match="--classes '4'"):
        check_dataset("folder", tmp_path, "4")


def test_names_and_classes() -> None:
    assert {"casme2", "samm", "smic", "casme_sq", "samm_lv", "casme3", "mmew"} <= set(DATASETS)
    assert class_names("smic", 3) == ("negative", "positive", "surprise")
    assert class_names("samm", 5) == ("anger", "contempt", "happiness", "surprise", "other")
    assert class_names("mmew", "native") is None
    with pytest.raises(UsageError, match="no five classes"):
        class_names("mmew", 5)
