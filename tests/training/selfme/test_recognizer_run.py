"""`mer-train recognizer` and `export`: going on, weights, parity, streaming with the result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from recognition.config import RecognizerConfig
from recognition.onnx_recognizer import OnnxRecognizer
from recognition.open import open_recognizer
from recognition.selfme.motion_learner import MotionLearner
from recognition.selfme.network import load_selfme
from recognition.selfme.recognizer import SelfmeRecognizer
from recognition.selfme.weights import load_motion, pack_motion
from recognition.weights_check import CARD
from streamer.errors import ModelError, OutputError, UsageError
from tests.training.selfme.faces import FACE, SIZE, make_pairs, tiny_config
from training.models.selfme import SelfmeRun
from training.selfme import export as exporting
from training.selfme.classification import ClassifierTraining
from training.selfme.package import PackageRequest, package_model
from training.selfme.pair_source import LabelledPairs, hold_out_people
from training.selfme.recognizer_run import RunPlace, predict_pairs, train_recognizer
from training.selfme.run_settings import make_run
from training.selfme.start import FineTuning

TRAINING = ClassifierTraining(epochs=12, batch=8, learning_rate=3e-3, decay=0.95)


def make_source(count: int = 36, seed: int = 0) -> LabelledPairs:
    pairs, labels = make_pairs(count, seed)
    return LabelledPairs(pairs, labels, tuple(f"p{i // 3 % 4}" for i in range(count)))


def tiny_run(motion: str = "dis", epochs: int = 0, **switches: object) -> SelfmeRun:
    config = tiny_config(motion, amplify=False, **switches)
    return SelfmeRun(config, TRAINING, None, FineTuning(epochs=epochs, batch=4))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Trained weights and exported folder, per motion."""
    made = {}
    for motion in ("dis", "selfme"):
        folder = tmp_path_factory.mktemp(motion)
        train, held_out = hold_out_people(make_source(), 0.25, 0)
        train_recognizer(tiny_run(motion), train, held_out, 0, RunPlace(folder))
        package_model(PackageRequest(folder / "selfme.safetensors", folder / "model", "tiny"))
        made[motion] = folder
    return made


def test_it_learns_and_writes_what_it_says(trained: dict[str, Path]) -> None:
    folder = trained["dis"]
    results = json.loads((folder / "results.json").read_text())
    assert len(results["validation_people"]) == 1
    net, facts = load_selfme(folder / "selfme.safetensors")
    source = make_source(30, seed=5)
    right = predict_pairs(net, source.pairs).argmax(dim=1).numpy() == source.labels
    assert right.mean() > 0.8
    assert float(facts["temperature"]) == results["temperature"]
    assert (folder / "loss.png").stat().st_size > 5000
    lines = (folder / "loss.csv").read_text().splitlines()
    assert lines[0] == "step,loss,cross entropy,symmetric contrast"
    assert len(lines) == 1 + TRAINING.steps(27)
    first, last = (float(lines[i].split(",")[1]) for i in (1, -1))
    assert last < 0.6 * first


def test_a_run_that_was_stopped_ends_with_the_same_weights(tmp_path: Path) -> None:
    train, held_out = hold_out_people(make_source(24), 0.25, 0)
    run = replace(tiny_run("selfme", epochs=1), training=replace(TRAINING, epochs=2, mirror=True))
    train_recognizer(run, train, held_out, 0, RunPlace(tmp_path / "whole"))
    train_recognizer(run, train, held_out, 0, RunPlace(tmp_path / "cut", stop_after=1))
    train_recognizer(run, train, held_out, 0, RunPlace(tmp_path / "cut"))
    whole, cut = (load_file(tmp_path / name / "selfme.safetensors") for name in ("whole", "cut"))
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    with pytest.raises(OutputError, match="other settings or data"):
        train_recognizer(run, train, held_out, 1, RunPlace(tmp_path / "cut"))


def test_jittered_pairs_are_learnt_from_only_when_asked(tmp_path: Path) -> None:
    source = make_source(24)
    with pytest.raises(UsageError, match=r"prepare the data set with .* --jitter-frames 4"):
        train_recognizer(
            replace(tiny_run(), jitter=True), source, source, 0, RunPlace(tmp_path / "none")
        )
    wrong = replace(source, jittered=np.stack([source.pairs[:, ::-1]] * 2, axis=1))
    train, held_out = hold_out_people(wrong, 0.25, 0)
    assert train.jittered is not None and train.jittered.shape == (18, 2, 2, SIZE, SIZE, 3)
    weights = {}
    for jitter in (False, True):
        run = replace(tiny_run(), training=replace(TRAINING, epochs=2), jitter=jitter)
        for name, stop in (("cut", 2), ("cut", None), ("whole", None)):
            place = RunPlace(tmp_path / f"{name}{jitter}", stop_after=stop)
            train_recognizer(run, train, held_out, 0, place)
            weights[name, jitter] = load_file(place.output / "selfme.safetensors")
    name = "classifier.patches.weight"
    assert torch.equal(weights["cut", True][name], weights["whole", True][name])
    assert not torch.equal(weights["cut", True][name], weights["cut", False][name])


def test_fine_tuning_changes_the_motion_learner_only_when_asked(tmp_path: Path) -> None:
    train, held_out = hold_out_people(make_source(24), 0.25, 0)
    learners = []
    for epochs in (0, 1):
        run = replace(tiny_run("selfme", epochs), training=replace(TRAINING, epochs=1))
        train_recognizer(run, train, held_out, 0, RunPlace(tmp_path / str(epochs)))
        learners.append(load_file(tmp_path / str(epochs) / "selfme.safetensors"))
    frozen, tuned = learners
    name = "learner.detector.head.weight"
    assert not torch.equal(frozen[name], tuned[name])
    torch.manual_seed(0)
    from recognition.selfme.network import SelfmeNet

    assert torch.equal(frozen[name], SelfmeNet(tiny_run("selfme").selfme).state_dict()[name])


@pytest.mark.parametrize("motion", ["dis", "selfme"])
def test_onnx_and_torch_answer_alike(trained: dict[str, Path], motion: str) -> None:
    pairs, labels = make_pairs(9, seed=8)
    maps = replace(RecognizerConfig().map, aligned_size_px=SIZE)
    assert maps == FACE
    config = RecognizerConfig(device="cpu", map=maps)
    onnx = open_recognizer(trained[motion] / "model", config)
    in_torch = open_recognizer(trained[motion] / "model", replace(config, backend="torch"))
    assert isinstance(onnx, SelfmeRecognizer) and isinstance(in_torch, SelfmeRecognizer)
    ours, motion_px = onnx.recognize_pairs(pairs[:, 0], pairs[:, 1])
    theirs, same_px = in_torch.recognize_pairs(pairs[:, 0], pairs[:, 1])
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    np.testing.assert_allclose(motion_px, same_px, atol=1e-3)
    assert ours.shape == (9, 3) and motion_px.shape == (9, 2, SIZE, SIZE)
    single = onnx.recognize_pairs(pairs[4:5, 0], pairs[4:5, 1])[0]
    np.testing.assert_allclose(single[0], ours[4], atol=1e-5)
    if motion == "dis":
        assert (ours.argmax(axis=1) == labels).mean() > 0.8
    for wrong in (pairs[:, 0, :32], pairs[:0, 0], pairs[:, 0].astype(np.float32)):
        with pytest.raises(ValueError, match=r"expected uint8 \[N, 64, 64, 3\]"):
            onnx.recognize_pairs(wrong, pairs[:, 1])
    with pytest.raises(ValueError, match="2 onset faces but 9 apex faces"):
        onnx.recognize_pairs(pairs[:2, 0], pairs[:, 1])


def test_another_motion_than_the_models_is_an_error_with_its_cure(
    trained: dict[str, Path],
) -> None:
    maps = replace(RecognizerConfig().map, aligned_size_px=SIZE)
    config = RecognizerConfig(device="cpu", motion="tvl1", map=maps)
    with pytest.raises(ModelError, match=r"made for motion dis .*measures tvl1 .*--motion dis"):
        open_recognizer(trained["dis"] / "model", config)
    with pytest.raises(ModelError, match="faces of 64 px, this run aligns to 128"):
        open_recognizer(trained["dis"] / "model", RecognizerConfig(device="cpu"))
    with pytest.raises(ModelError, match=r"made for motion dis .*use --motion dis"):
        OnnxRecognizer(None, RecognizerConfig(device="cpu", motion="farneback"))
    changed = replace(config, motion="auto", map=replace(maps, crop_left_iod=-0.9))
    with pytest.raises(ModelError, match=r"preprocessing \w{16}, this run uses \w{16}"):
        open_recognizer(trained["dis"] / "model", changed)


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
        open_recognizer(tmp_path, RecognizerConfig(device="cpu"))


def test_a_small_file_leaves_out_the_learner_of_the_package(
    trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = trained["selfme"] / "selfme.safetensors"
    net, _ = load_selfme(weights)
    assert net.learner is not None
    bundle = tmp_path / "bundle.safetensors"
    bundle.write_bytes(pack_motion(net.learner, {}, half=False, generator=True))
    monkeypatch.setattr("recognition.selfme.weights.BUNDLED", bundle)
    monkeypatch.setattr("recognition.selfme.weights.load_motion", lambda: load_motion(bundle))
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


def test_settings_come_from_preset_file_and_keys(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("selfme: {motion: tvl1, omega: 0.2}\ntraining: {epochs: 7}\n")
    run = make_run("small", tmp_path / "my.yaml", ["selfme.tau=0.1", "training.batch=16"])
    facts = (run.selfme.motion, run.selfme.omega, run.selfme.tau)
    assert facts == ("tvl1", 0.2, 0.1)
    assert (run.training.epochs, run.training.batch, run.training.mirror) == (7, 16, True)
    paper = make_run("paper", None, [])
    assert paper.selfme.field.network == "vit-s16" and paper.training == ClassifierTraining()
    with pytest.raises(UsageError, match=r"unknown key .selfme\.omgea."):
        make_run("small", None, ["selfme.omgea=1"])
    with pytest.raises(UsageError, match="choose small or paper"):
        make_run("big", None, [])


def test_people_are_never_on_both_sides() -> None:
    train, held_out = hold_out_people(make_source(), 0.25, 0)
    assert set(train.people).isdisjoint(held_out.people) and len(train) + len(held_out) == 36
    one = LabelledPairs(np.zeros((2, 2, 4, 4, 3), np.uint8), np.zeros(2, np.int64), ("a", "a"))
    with pytest.raises(UsageError, match="needs another person"):
        hold_out_people(one, 0.5, 0)
