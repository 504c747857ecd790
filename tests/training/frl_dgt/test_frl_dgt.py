"""FRL-DGT as it is trained: resuming, export, the benchmark, its ablation, bad input."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from recognition.classifiers.field_classifier import FieldClassifier
from recognition.classifiers.frl_dgt_config import FrlDgtConfig
from recognition.config import RecognizerConfig
from recognition.files.model_file import CARD
from recognition.loading import load_recognizer
from recognition.motion.frl_dgt.config import DgmConfig
from streamer.core.errors import ModelError, OutputError, SourceFormatError, UsageError
from streamer.core.records import AlignedFace, Face
from tests.training.experiments.conftest import write_cache
from tests.training.selfme.faces import SIZE, make_pairs
from training.experiments.definition import Experiment, Row, load_experiment, run_of
from training.experiments.run import run_experiment
from training.frl_dgt.fields import dynamic_image, field_maker
from training.frl_dgt.learner import FrlDgtLearner, vary
from training.frl_dgt.package import is_frl_dgt, package_frl_dgt
from training.frl_dgt.run import predict, train_frl_dgt
from training.frl_dgt.settings import FrlDgtRun, FrlDgtTraining, SelfSupervision, make_run
from training.loso.config import LosoConfig
from training.loso.registry import find_method, make_model
from training.methods.frl_dgt import build_learner
from training.models.base import FitPlan, Samples
from training.selfme.package import PackageRequest
from training.selfme.pairs import LabelledPairs, hold_out_people
from training.selfme.recognizer_run import RunPlace

NETWORK = FrlDgtConfig(
    dgm=DgmConfig(size_px=SIZE, width=4), cells=28, patch=7, region_cells=6, region_patch=3,
    width=16, heads=2, fused=4, dropout=0.0,
)  # fmt: skip
TRAINING = FrlDgtTraining(epochs=8, batch=9, learning_rate=6e-3, decay=0.9)
TINY = FrlDgtRun(NETWORK, TRAINING)
SHAPE = {
    "network.dgm.size_px": SIZE, "network.dgm.width": 4, "network.cells": 14,
    "network.region_cells": 4, "network.region_patch": 2, "network.width": 8, "network.heads": 2,
    "network.fused": 2, "training.epochs": 1, "training.batch": 4,
}  # fmt: skip


def make_source(count: int, seed: int = 0) -> LabelledPairs:
    pairs, labels = make_pairs(count, seed)
    return LabelledPairs(pairs, labels, tuple(f"p{i // 3 % 4}" for i in range(count)))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained weights, and the exported folder in `model`."""
    folder = tmp_path_factory.mktemp("frl_dgt")
    train, held_out = hold_out_people(make_source(36), 0.25, 0)
    train_frl_dgt(TINY, train, held_out, 0, RunPlace(folder))
    package_frl_dgt(PackageRequest(folder / "frl-dgt.safetensors", folder / "model", "tiny"))
    return folder


def test_it_learns_and_writes_what_it_says(trained: Path) -> None:
    results = json.loads((trained / "results.json").read_text())
    lines = (trained / "loss.csv").read_text().splitlines()
    assert lines[0] == "step,loss,cross entropy,self-supervision" and len(lines) == 1 + 8 * 3
    first, last = (sum(float(line.split(",")[2]) for line in part) for part in
                   (lines[1:6], lines[-5:]))  # fmt: skip
    assert last < 0.8 * first
    assert results["validation"]["count"] > 0 and len(results["validation_people"]) == 1
    assert is_frl_dgt(trained / "frl-dgt.safetensors") and not is_frl_dgt(trained / "none")


def test_onnx_and_torch_answer_alike(trained: Path) -> None:
    pairs, _ = make_pairs(5, seed=8)
    maps = replace(RecognizerConfig().map, aligned_size_px=SIZE)
    config = RecognizerConfig(device="cpu", motion="frl-dgt", map=maps)
    onnx = load_recognizer(trained / "model", config)
    in_torch = load_recognizer(trained / "model", replace(config, backend="torch"))
    assert isinstance(onnx.classifier, FieldClassifier) and onnx.motion == "frl-dgt"
    ours, motion_px = onnx.recognize_pairs(pairs[:, 0], pairs[:, 1])
    theirs, same_px = in_torch.recognize_pairs(pairs[:, 0], pairs[:, 1])
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    np.testing.assert_allclose(motion_px, same_px, atol=1e-4)
    assert ours.shape == (5, 4) and motion_px.shape == (5, 2, SIZE, SIZE)
    with pytest.raises(ValueError, match=r"expected uint8 \[N, 64, 64, 3\]"):
        onnx.recognize_pairs(pairs[:, 0, :32], pairs[:, 1])
    with pytest.raises(ModelError, match=r"made for motion frl-dgt .*use --motion frl-dgt"):
        load_recognizer(trained / "model", replace(config, motion="selfme"))
    card = json.loads((trained / "model" / CARD).read_text())
    assert set(card["sha256"]) == {"tiny.onnx", "tiny.safetensors"}
    assert max(card["torch_onnx_difference"].values()) <= 1e-4
    assert "reconstruction" in (trained / "model" / "model_card.md").read_text()


def test_a_recognition_carries_its_displacement(trained: Path) -> None:
    pair = make_pairs(1, seed=3)[0][0]
    mesh, unit = np.zeros((468, 3), dtype=np.float32), np.eye(2, 3, dtype=np.float32)
    face = Face(0, (0.0, 0.0, 1.0, 1.0), mesh, 1.0)
    onset, apex = (AlignedFace(i, 0.1 * i, pair[i], face, 0, unit, mesh) for i in (0, 1))
    maps = replace(RecognizerConfig().map, aligned_size_px=SIZE)
    config = RecognizerConfig(device="cpu", map=maps, keep_motion=True, backend="torch")
    found = load_recognizer(trained / "model", config).recognize(onset, apex)
    assert found.motion_iod is not None and found.motion_iod.shape == (SIZE, SIZE, 2)
    assert found.keypoints is None and found.attention is None


def test_a_run_that_was_stopped_ends_with_the_same_weights(tmp_path: Path) -> None:
    train, held_out = hold_out_people(make_source(24), 0.25, 0)
    run = replace(TINY, training=replace(TRAINING, epochs=2))
    train_frl_dgt(run, train, held_out, 0, RunPlace(tmp_path / "whole"))
    train_frl_dgt(run, train, held_out, 0, RunPlace(tmp_path / "cut", stop_after=1))
    train_frl_dgt(run, train, held_out, 0, RunPlace(tmp_path / "cut"))
    whole, cut = (load_file(tmp_path / n / "frl-dgt.safetensors") for n in ("whole", "cut"))
    assert whole.keys() == cut.keys() and all(torch.equal(whole[k], cut[k]) for k in whole)
    other = replace(run, training=replace(TRAINING, epochs=3))
    with pytest.raises(OutputError, match="other settings or data"):
        train_frl_dgt(other, train, held_out, 0, RunPlace(tmp_path / "cut"))


def test_self_supervision_can_be_left_out() -> None:
    pairs, labels = (torch.from_numpy(x) for x in make_pairs(4))
    learner = build_learner(TINY, 5)
    _, unlike = learner.losses(pairs, labels)
    assert float(unlike.detach()) > 0.0 and learner(pairs).shape == (4, 5)
    own = replace(TRAINING, self_supervision=SelfSupervision(weight=0.0))
    without = FrlDgtLearner(replace(TINY, training=own))
    assert float(without.losses(pairs, labels)[1]) == 0.0
    flow = FrlDgtLearner(replace(TINY, network=replace(NETWORK, displacement="flow")))
    fields = torch.randn(4, 2, SIZE, SIZE, dtype=torch.float16)
    assert float(flow.losses(fields, labels)[1]) == 0.0


def test_mirroring_turns_a_flow_round() -> None:
    always = replace(TINY, training=replace(TRAINING, mirror=1.0))
    flow = FrlDgtLearner(replace(always, network=replace(NETWORK, displacement="flow")))
    field = torch.randn(2, 2, 8, 8)
    found = flow._mirrored(field)
    torch.testing.assert_close(found[:, 0], -field[:, 0].flip(-1))
    torch.testing.assert_close(found[:, 1], field[:, 1].flip(-1))
    pairs = torch.from_numpy(make_pairs(2)[0])
    torch.testing.assert_close(FrlDgtLearner(always)._mirrored(pairs), pairs.flip(3))


def test_variations_move_and_scale_but_keep_the_field() -> None:
    field = torch.zeros(200, 2, 16, 16)
    field[:, 0, 8, 8], field[:, 1, 8, 8] = 1.0, -2.0
    own = replace(TRAINING, shift_px=2, gain=2.0, noise_px=0.0)
    found = vary(field, own)
    flat = found.flatten(2)
    torch.testing.assert_close(flat[:, 1], -2.0 * flat[:, 0])  # both planes go together
    strength, place = flat[:, 0].max(dim=1)
    assert 0.5 <= float(strength.min()) < 0.7 < 1.6 < float(strength.max()) <= 2.0
    rows, columns = place // 16, place % 16
    assert set(rows.tolist()) == set(columns.tolist()) == {6, 7, 8, 9, 10}
    still = replace(own, shift_px=0, gain=1.0)
    torch.testing.assert_close(vary(field, still), field)
    noisy = vary(field, replace(still, noise_px=0.1)) - field
    assert 0.05 < float(noisy.std()) < 0.1 and abs(float(noisy.mean())) < 0.01


def test_what_a_pair_becomes() -> None:
    pair = make_pairs(1)[0][0]
    assert np.array_equal(field_maker(NETWORK)(pair), pair)
    flow = field_maker(replace(NETWORK, displacement="flow-normalised", flow="farneback"))(pair)
    assert flow.shape == (2, SIZE, SIZE) and flow.dtype == np.float16 and np.abs(flow).max() > 0.2
    image = field_maker(replace(NETWORK, displacement="dynamic-image"))(pair)
    grey = pair.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    np.testing.assert_allclose(image[0], grey[1] - grey[0], atol=0.1)
    three = np.stack([np.full((2, 2, 3), v, dtype=np.uint8) for v in (10, 99, 30)])
    np.testing.assert_allclose(dynamic_image(three), 20.0, atol=0.1)  # weights -2, 0, 2 over 2
    for name in ("dgm", "flow", "dynamic-image"):
        make = field_maker(replace(NETWORK, displacement=name))  # type: ignore[arg-type]
        flat = make(np.full((2, SIZE, SIZE, 3), 7, dtype=np.uint8))
        assert np.isfinite(flat.astype(np.float32)).all()
        for wrong in (pair[:, :32], pair[:1], pair.astype(np.float32), pair[..., :1]):
            with pytest.raises(ValueError, match=r"frl-dgt needs uint8 \[2, 64, 64, 3\]"):
                make(wrong)


def test_a_clip_of_another_size_is_named_by_the_benchmark() -> None:
    pairs, labels = make_pairs(3)
    ids = ("a/s/0", "a/s/1", "a/s/2")
    maps = np.zeros((3, 28, 28, 3), dtype=np.uint8)
    samples = Samples(ids, ("a/s",) * 3, maps, labels, pairs)
    with pytest.raises(SourceFormatError, match=r"clip a/s/0: the pair is .*needs uint8"):
        make_model("frl-dgt").represent(samples)  # faces of 64 px, not 128


@pytest.mark.slow
def test_the_method_learns_from_a_yaml_file(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "network:\n  dgm: {size_px: 64, width: 4}\n  cells: 28\n  region_cells: 6\n"
        "  region_patch: 3\n  width: 16\n  heads: 2\n"
        "training: {epochs: 14, batch: 9, learning_rate: 0.004, decay: 0.97, mirror: 0,\n"
        "  gain: 1, shift_px: 0, noise_px: 0}\n"
    )
    model = make_model(f"frl-dgt@{file}")
    source = make_source(27)
    ids = tuple(f"a/{who}/{i}" for i, who in enumerate(source.people))
    maps = np.zeros((27, 28, 28, 3), dtype=np.uint8)
    samples = model.represent(Samples(ids, source.people, maps, source.labels, source.pairs))
    fitted = model.fit(samples, FitPlan(3, 0, model.default_epochs, "cpu", ids))
    shares = fitted.probabilities(samples.inputs)
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares.argmax(axis=1) == source.labels).mean() > 0.6
    features = fitted.features(samples.inputs)
    assert features is not None and features.shape == (27, 32)


def test_the_method_says_what_it_is_and_refuses_wrong_settings(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    method = find_method("frl-dgt")
    assert (method.status, method.reads, method.settings) == ("reconstruction", "pairs", FrlDgtRun)
    file.write_text("network: {displacement: raft}\n")
    with pytest.raises(UsageError, match=r"'network\.displacement' must be one of"):
        make_model(f"frl-dgt@{file}")


def test_start_takes_the_displacement_module_alone(trained: Path, tmp_path: Path) -> None:
    weights = str(trained / "frl-dgt.safetensors")
    begun = build_learner(replace(TINY, start=weights), 5).net
    held = load_file(weights)
    own = begun.state_dict()
    assert all(torch.equal(own[k], held[k]) for k in held if k.startswith("dgm."))
    assert own["head.4.weight"].shape[0] == 5
    with pytest.raises(ModelError, match=r"none\.safetensors not found"):
        build_learner(replace(TINY, start="none.safetensors"), 3)
    wider = replace(NETWORK, dgm=replace(NETWORK.dgm, width=6))
    with pytest.raises(ModelError, match="no displacement module of this size"):
        build_learner(replace(TINY, network=wider, start=weights), 3)


def test_an_ablation_is_not_packed_for_streaming(tmp_path: Path) -> None:
    run = replace(TINY, network=replace(NETWORK, displacement="dynamic-image"))
    run = replace(run, training=replace(TRAINING, epochs=1))
    train, held_out = hold_out_people(make_source(12), 0.25, 0)
    train_frl_dgt(run, train, held_out, 0, RunPlace(tmp_path))
    assert predict(FrlDgtLearner(run), held_out.pairs).shape == (len(held_out), 3)
    with pytest.raises(UsageError, match="an ablation"):
        package_frl_dgt(PackageRequest(tmp_path / "frl-dgt.safetensors", tmp_path / "model"))
    with pytest.raises(UsageError, match=r"needs uint8 \[2, 64, 64, 3\]"):
        predict(FrlDgtLearner(run), held_out.pairs[:, :, :32])


def test_the_ablation_is_that_of_table_2() -> None:
    table = load_experiment("frl-dgt")
    runs = {row.name[:2]: run_of(table, row, {}, {}) for row in table.rows}
    assert list(runs) == [f"M{k}" for k in range(10)]
    assert runs["M9"] == FrlDgtRun() and len(set(map(str, runs.values()))) == 10
    assert [runs[f"M{k}"].network.displacement for k in range(4)] == [
        "flow", "flow-normalised", "dynamic-image", "dgm",
    ]  # fmt: skip
    assert runs["M3"].training.self_supervision.weight == 0.0
    assert not runs["M4"].network.fuse_before and runs["M5"].network.regions == "grid"
    full = table.rows[-1].published
    assert full is not None and (full.uf1, full.uar) == (0.812, 0.811)


def test_an_ablation_of_another_model_runs(tmp_path: Path) -> None:
    cache = write_cache(tmp_path / "cache", count=6)
    table = load_experiment("frl-dgt")
    two = replace(table, rows=(table.rows[2], table.rows[9]))
    config = LosoConfig("folder", cache, "selfme", tmp_path / "out", seeds=1)
    text = run_experiment(two, config, {}, SHAPE)
    assert "| M9: all | ." in text and "| .812 | .811 |" in text
    assert (tmp_path / "out" / "m9-all" / "frl-dgt.yaml").is_file()
    wrong = Experiment("t", (Row("a", {}),), model="svm")
    with pytest.raises(UsageError, match="no settings that rows could change"):
        run_of(wrong, wrong.rows[0], {}, {})


def test_settings_of_a_file_and_of_single_keys(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("training: {epochs: 3, self_supervision: {weight: 2}}\n")
    run = make_run(tmp_path / "a.yaml", ["training.epochs=4", "start=bundled"])
    assert (run.training.epochs, run.training.self_supervision.weight, run.start) == (
        4, 2.0, "bundled",
    )  # fmt: skip
    assert run.training.self_supervision.smoothness == SelfSupervision().smoothness
    with pytest.raises(UsageError, match=r"training\.epoch"):
        make_run(None, ["training.epoch=4"])
