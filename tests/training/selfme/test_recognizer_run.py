"""`mer-train recognizer`: going on, weights, settings, people apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from recognition.classifiers.selfme import config_from_facts, load_selfme, network_facts
from streamer.core.errors import ModelError, OutputError, UsageError
from tests.training.selfme.faces import SIZE
from tests.training.selfme.runs import TRAINING, make_source, tiny_run
from training.selfme.classification import ClassifierTraining
from training.selfme.pairs import LabelledPairs, hold_out_people
from training.selfme.recognizer_run import RunPlace, predict_pairs, train_recognizer
from training.selfme.settings import make_run


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
    from recognition.classifiers.selfme import SelfmeNet

    assert torch.equal(frozen[name], SelfmeNet(tiny_run("selfme").selfme).state_dict()[name])


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


def test_tcae_is_for_the_benchmark_alone(tmp_path: Path) -> None:
    source = make_source(6)
    with pytest.raises(UsageError, match="motion tcae is there to be compared with"):
        train_recognizer(tiny_run("tcae"), source, source, 0, RunPlace(tmp_path))
    with pytest.raises(ModelError, match="which only the benchmark measures"):
        config_from_facts(network_facts(tiny_run("tcae").selfme), "x.safetensors")


def test_people_are_never_on_both_sides() -> None:
    train, held_out = hold_out_people(make_source(), 0.25, 0)
    assert set(train.people).isdisjoint(held_out.people) and len(train) + len(held_out) == 36
    one = LabelledPairs(np.zeros((2, 2, 4, 4, 3), np.uint8), np.zeros(2, np.int64), ("a", "a"))
    with pytest.raises(UsageError, match="needs another person"):
        hold_out_people(one, 0.5, 0)
