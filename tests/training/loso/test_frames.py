"""From frames, or from a cache of prepared faces, to a finished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamer.core.errors import UsageError
from training.datasets import load_dataset
from training.loso.config import LosoConfig
from training.loso.run import run_loso, run_models
from training.loso.selection import digest_of, load_selection
from training.prepare.run import prepare


def config(root: Path, output: Path, **changes: Any) -> LosoConfig:
    plain = {"dataset": "casme2,smic", "model": "svm", "seeds": 1}
    return LosoConfig(root=root, output=output, **{**plain, **changes})


@pytest.fixture(scope="module")
def cache(frame_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both data sets, prepared by the command of its own."""
    folder = tmp_path_factory.mktemp("prepared") / "cache"
    assert prepare(load_dataset("casme2,smic", frame_root), folder).made == 14
    return folder


def test_frames_are_prepared_on_the_way(
    frame_root: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_loso(config(frame_root, tmp_path))
    assert (found["n"], found["subjects"]) == (12, 4)  # "others" is none of the three classes
    said = capsys.readouterr().err
    assert "are aligned into" in said and "mer-train prepare --dataset casme2,smic --root" in said
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("prepared/clips/*")}
    assert len(before) == 14
    again = run_loso(config(frame_root, tmp_path))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    prepared = run_loso(config(cache, tmp_path / "from cache"))
    for key in ("uf1", "uar", "confusion", "per_dataset"):
        assert found[key] == again[key] == prepared[key]


def test_models_of_one_run_share_what_is_prepared(frame_root: Path, tmp_path: Path) -> None:
    run_models(config(frame_root, tmp_path), ["svm", "zero-shot"])
    assert len(list(tmp_path.rglob("*.npz"))) == 14
    assert set(json.loads((tmp_path / "results.json").read_text())["models"]) == {
        "svm",
        "zero-shot",
    }


def test_frames_without_a_place_for_maps_name_the_command(frame_root: Path) -> None:
    with pytest.raises(UsageError, match=r"mer-train prepare --dataset smic .* --root CACHE"):
        load_selection("smic", frame_root / "smic", 3)


def test_a_model_of_clips_has_them_prepared(frame_root: Path, tmp_path: Path) -> None:
    root, cache = frame_root / "smic", tmp_path / "cache"
    with pytest.raises(UsageError, match=r"mer-train prepare --dataset smic .* --clips"):
        load_selection("smic", root, 3, reads="clips")
    whole = load_selection("smic", root, 3, reads="clips", cache=cache)
    plain = load_selection("smic", cache, 3)
    assert plain.samples.clips is None and whole.samples.clips is not None
    assert [clip.shape for clip in whole.samples.clips] == [(7, 128, 128)] * 6
    assert plain.digest != whole.digest
    whole.samples.clips[2] = whole.samples.clips[2][:-1]
    assert digest_of(whole.samples, whole.classes) != whole.digest


def test_five_classes_from_a_cache(cache: Path, tmp_path: Path) -> None:
    """No clip is of repression: it is warned of, and still counts."""
    found = run_loso(config(cache, tmp_path / "five", dataset="casme2", classes=5))
    assert found["classes"] == ["happiness", "disgust", "repression", "surprise", "others"]
    assert (found["n"], found["per_dataset"].keys()) == (8, {"casme2"})
    assert len(found["confusion"]) == 5
    assert len(found["warnings"]) == 2 and "no training clip of repression" in found["warnings"][0]
    table = (tmp_path / "five" / "table.md").read_text()
    assert "5 classes" in table and "HTNet" not in table
    for model in ("ststnet", "scvit", "committee", "linear"):
        out = tmp_path / model
        own = run_loso(config(cache, out, dataset="casme2", classes=5, model=model, epochs=1))
        assert own["n"] == 8
    with pytest.raises(UsageError, match="smic has no five classes"):
        run_loso(config(cache, tmp_path / "both", classes=5))
    with pytest.raises(UsageError, match="choose --classes 3 or another model"):
        run_loso(config(cache, tmp_path / "zero", dataset="casme2", classes=5, model="zero-shot"))


def test_across_data_sets_from_a_cache(cache: Path, tmp_path: Path) -> None:
    found = run_loso(config(cache, tmp_path, kind="cross"))
    assert found["per_dataset"].keys() == {"casme2->smic", "smic->casme2"}
    assert [part["n"] for part in found["per_dataset"].values()] == [6, 6]
    assert found["n"] == 12
