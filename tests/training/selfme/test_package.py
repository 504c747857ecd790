"""`mer-train export`: parity, what both backends tell, cards, small files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from recognition.classifiers.field_classifier import FieldClassifier
from recognition.classifiers.selfme import load_selfme
from recognition.config import RecognizerConfig
from recognition.explain.selfme import explain
from recognition.files.model_file import BUNDLED, CARD
from recognition.loading import load_recognizer
from recognition.motion.selfme.motion_learner import MotionLearner
from recognition.motion.selfme.weights import load_motion, pack_motion
from streamer.core.errors import ModelError, UsageError
from streamer.core.records import AlignedFace, Face
from tests.training.selfme.faces import FACE, SIZE, make_pairs
from training.selfme import export as exporting
from training.selfme.package import PackageRequest, package_model


@pytest.mark.parametrize("motion", ["dis", "selfme"])
def test_onnx_and_torch_answer_alike(trained: dict[str, Path], motion: str) -> None:
    pairs, labels = make_pairs(9, seed=8)
    maps = replace(RecognizerConfig().map, aligned_size_px=SIZE)
    assert maps == FACE
    config = RecognizerConfig(device="cpu", map=maps)
    onnx = load_recognizer(trained[motion] / "model", config)
    in_torch = load_recognizer(trained[motion] / "model", replace(config, backend="torch"))
    assert isinstance(onnx.classifier, FieldClassifier)
    assert isinstance(in_torch.classifier, FieldClassifier)
    ours, motion_px = onnx.recognize_pairs(pairs[:, 0], pairs[:, 1])
    theirs, same_px = in_torch.recognize_pairs(pairs[:, 0], pairs[:, 1])
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    np.testing.assert_allclose(motion_px, same_px, atol=1e-3)
    assert ours.shape == (9, 4) and motion_px.shape == (9, 2, SIZE, SIZE)
    single = onnx.recognize_pairs(pairs[4:5, 0], pairs[4:5, 1])[0]
    np.testing.assert_allclose(single[0], ours[4], atol=1e-5)
    if motion == "dis":
        assert (ours.argmax(axis=1) == labels).mean() > 0.8
    for wrong in (pairs[:, 0, :32], pairs[:0, 0], pairs[:, 0].astype(np.float32)):
        with pytest.raises(ValueError, match=r"expected uint8 \[N, 64, 64, 3\]"):
            onnx.recognize_pairs(wrong, pairs[:, 1])
    with pytest.raises(ValueError, match="2 onset faces but 9 apex faces"):
        onnx.recognize_pairs(pairs[:2, 0], pairs[:, 1])


@pytest.mark.parametrize("motion", ["dis", "selfme"])
def test_torch_tells_what_it_looked_at(trained: dict[str, Path], motion: str) -> None:
    pair = make_pairs(1, seed=3)[0][0]
    mesh = np.zeros((468, 3), dtype=np.float32)
    face = Face(0, (0.0, 0.0, 1.0, 1.0), mesh, 1.0)
    unit = np.eye(2, 3, dtype=np.float32)
    onset, apex = (AlignedFace(i, 0.1 * i, pair[i], face, 0, unit, mesh) for i in (0, 1))
    maps = replace(RecognizerConfig().map, aligned_size_px=SIZE)
    config = RecognizerConfig(device="cpu", map=maps, keep_motion=True)
    onnx = load_recognizer(trained[motion] / "model", config).recognize(onset, apex)
    told = load_recognizer(trained[motion] / "model", replace(config, backend="torch"))
    found = told.recognize(onset, apex)
    assert onnx.motion_iod is not None and onnx.keypoints is None and onnx.attention is None
    wanted = explain(load_selfme(trained[motion] / "selfme.safetensors")[0], *pair)
    assert found.attention is not None and found.attention.shape == (SIZE, SIZE)
    np.testing.assert_array_equal(found.attention, wanted.attention)
    if motion == "dis":
        assert found.keypoints is None and wanted.keypoints is None
    else:
        np.testing.assert_array_equal(found.keypoints, np.stack(wanted.keypoints))


def test_another_motion_than_the_models_is_an_error_with_its_cure(
    trained: dict[str, Path],
) -> None:
    maps = replace(RecognizerConfig().map, aligned_size_px=SIZE)
    config = RecognizerConfig(device="cpu", motion="tvl1", map=maps)
    with pytest.raises(ModelError, match=r"made for motion dis .*measures tvl1 .*--motion dis"):
        load_recognizer(trained["dis"] / "model", config)
    with pytest.raises(ModelError, match="faces of 64 px, this run aligns to 128"):
        load_recognizer(trained["dis"] / "model", RecognizerConfig(device="cpu"))
    with pytest.raises(ModelError, match=r"made for motion dis .*use --motion dis"):
        load_recognizer(BUNDLED, RecognizerConfig(device="cpu", motion="farneback"))
    changed = replace(config, motion="auto", map=replace(maps, crop_left_iod=-0.9))
    with pytest.raises(ModelError, match=r"preprocessing \w{16}, this run uses \w{16}"):
        load_recognizer(trained["dis"] / "model", changed)


def test_a_model_that_answers_otherwise_is_not_written(
    trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, facts = load_selfme(trained["dis"] / "selfme.safetensors")
    monkeypatch.setattr(exporting, "compare", lambda *_: {"probability": 0.01, "motion_px": 0.0})
    with pytest.raises(ModelError, match=r"would differ from torch by 1\.0e-02"):
        exporting.export_selfme(net, tmp_path / "net.onnx", facts)
    assert list(tmp_path.iterdir()) == []


def test_package_writes_a_card_that_guards_the_files(
    trained: dict[str, Path], tmp_path: Path
) -> None:
    folder = trained["dis"] / "model"
    card = json.loads((folder / CARD).read_text())
    assert set(card["sha256"]) == {"tiny.onnx", "tiny.safetensors"} and card["motion"] == "dis"
    assert max(card["torch_onnx_difference"].values()) <= 1e-4
    assert "UF1" in (folder / "model_card.md").read_text()
    with pytest.raises(UsageError, match="--overwrite"):
        package_model(PackageRequest(trained["dis"] / "selfme.safetensors", folder, "tiny"))
    for name in (CARD, "tiny.onnx"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "tiny.onnx").write_bytes((folder / "tiny.onnx").read_bytes() + b"x")
    with pytest.raises(ModelError, match="sha256"):
        load_recognizer(tmp_path, RecognizerConfig(device="cpu"))


def test_a_small_file_leaves_out_the_learner_of_the_package(
    trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = trained["selfme"] / "selfme.safetensors"
    net, _ = load_selfme(weights)
    assert net.learner is not None
    bundle = tmp_path / "bundle.safetensors"
    bundle.write_bytes(pack_motion(net.learner, {}, half=False, generator=True))
    monkeypatch.setattr("recognition.motion.selfme.weights.BUNDLED", bundle)
    monkeypatch.setattr(
        "recognition.motion.selfme.weights.load_motion", lambda: load_motion(bundle)
    )
    package_model(PackageRequest(weights, tmp_path / "out", small=True, onnx=False))
    small = tmp_path / "out" / "selfme.safetensors"
    assert not (tmp_path / "out" / "selfme.onnx").exists()
    assert small.stat().st_size < 0.4 * weights.stat().st_size
    whole, facts = load_selfme(small)
    assert facts["learner"] and whole.learner is not None
    for name, value in net.state_dict().items():
        torch.testing.assert_close(whole.state_dict()[name], value, atol=2e-3, rtol=2e-3)
    torch.manual_seed(9)
    bundle.write_bytes(pack_motion(MotionLearner(net.learner.config), {}, generator=True))
    with pytest.raises(ModelError, match="was trained on the motion learner"):
        load_selfme(small)
    with pytest.raises(UsageError, match="not the one that comes with the package"):
        package_model(PackageRequest(weights, tmp_path / "other", small=True))
