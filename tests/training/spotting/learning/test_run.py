"""Short runs through the commands: training, and fine-tuning fold by fold."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from spotting.config import SpotterConfig
from spotting.micro.calibration import Calibration
from spotting.micro.learned import BUNDLED, OUTPUTS, SETTINGS
from spotting.micro.learned_inputs import INPUTS
from spotting.micro.learned_network import load_net
from streamer.core.errors import UsageError
from tests.training.spotting.learning.signals import example, signals
from training.cli import app
from training.spotting.learning import finetune
from training.spotting.learning.examples import read_examples
from training.spotting.learning.replay import motions_of, replay
from training.spotting.learning.run import deal
from training.spotting.learning.signals import Signals
from training.spotting.learning.train import TrainConfig, train
from training.spotting.learning.windows import DELAY_S, Variety, draw_pool
from training.spotting.sets import load_set

SHORT = Variety(length=60)
WHO = ("anna", "bert", "carl", "dora")


@pytest.fixture
def labelled(tmp_path):
    """Four subjects of two recordings each, 30 fps, their signals measured already."""
    root, names = tmp_path / "set", [f"{who}_{n}" for who in WHO for n in (1, 2)]
    root.mkdir()
    lines = ["video,onset,offset,apex,kind"]
    lines += [f"{name},{f},{f + 12},{f + 6},micro" for name in names for f in (84, 204)]
    (root / "truth.csv").write_text("\n".join(lines) + "\n")
    rows = "".join(f"{name},30,{name[:4]}\n" for name in names)
    (root / "videos.csv").write_text("video,fps,subject\n" + rows)
    for name in names:
        (root / name).touch()
    return root


def measured(folder, names):
    folder.mkdir(parents=True)
    for n, name in enumerate(names):
        signals(seed=n).save(folder / f"{name}.npz")


def test_the_same_seed_gives_the_same_network():
    pool = draw_pool([example()], 0, 4, SHORT)
    first, second, other = (train(pool, TrainConfig(steps=2, seed=s)) for s in (0, 0, 1))
    for name, value in first.state_dict().items():
        assert np.array_equal(value.numpy(), second.state_dict()[name].numpy())
    assert not np.array_equal(
        first.first.weight.detach().numpy(), other.first.weight.detach().numpy()
    )


def test_subjects_are_dealt_to_one_fold_each():
    some = [example(who) for who in WHO] + [example("head", real=False), example("anna", seed=1)]
    folds = deal(some, 3)
    assert sorted(name for fold in folds for name in fold) == sorted([*WHO, "head"])
    with pytest.raises(UsageError, match="at least two"):
        deal([example()], 3)


def test_the_command_trains_and_reports(labelled, tmp_path):
    output = tmp_path / "net.npz"
    measured(tmp_path / "signals" / "set", [f"{who}_{n}" for who in WHO for n in (1, 2)])
    command = ["spotter", "--root", str(labelled), "--output", str(output), "--steps", "2"]
    command += ["--windows", "8", "--folds", "2", "--members", "1"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "trained on 8 recordings (0 people, 4 portraits)" in result.stdout
    net = load_net(output, INPUTS, OUTPUTS, SETTINGS)
    assert net.settings["delay_s"] == DELAY_S
    report = json.loads(output.with_suffix(".json").read_text())
    assert report["trained_on"]["portraits"] == list(WHO)
    assert report["trained_on"]["micro_expressions"] == 16
    assert report["left_out_in_turn"]["portraits"]["n"] == 16
    assert isinstance(CliRunner().invoke(app, command).exception, UsageError)


def test_fine_tuning_sees_nothing_of_the_fold_it_is_judged_on(labelled, tmp_path, monkeypatch):
    output = tmp_path / "tuned"
    names = [f"{who}_{n}" for who in WHO for n in (1, 2)]
    measured(output / "signals", names)
    learned, judged = [], []

    def draw(examples, *rest):
        learned.append({e.subject for e in examples})
        return draw_pool(examples, *rest)

    def play(one, weights, config):
        judged.append((next(n for n in names if np.array_equal(one.rows, kept[n])), weights.name))
        return replay(one, weights, config)

    kept = {n: Signals.load(output / "signals" / f"{n}.npz").rows for n in names}
    monkeypatch.setattr(finetune, "draw_pool", draw)
    monkeypatch.setattr(finetune, "replay", play)
    command = ["spotter", "--finetune", "synthetic", "--root", str(labelled)]
    command += ["--output", str(output), "--steps", "2", "--windows", "8", "--folds", "2"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    results = json.loads((output / "results.json").read_text())
    assert results["subjects"] == 4 and results["recordings"] == 8
    assert results["micro"]["tp"] + results["micro"]["fn"] == 16
    assert sorted(name for name, _ in judged) == names  # every recording once
    bundled = load_net(BUNDLED, INPUTS, OUTPUTS, SETTINGS)
    for number, (weights, aside) in enumerate(results["folds"].items()):
        assert learned[number] == set(WHO) - set(aside)
        assert {name[:4] for name, used in judged if used == weights} == set(aside)
        tuned = load_net(output / weights, INPUTS, OUTPUTS, SETTINGS)
        assert Calibration.of(tuned.settings).false_per_minute == 1.0
        assert not np.array_equal(tuned.first, bundled.first)
    assert isinstance(CliRunner().invoke(app, command).exception, UsageError)
    with pytest.raises(UsageError, match="set aside"):
        finetune.check_clean([example("anna")], ["anna"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--finetune", "casme-sq", "--members", "2"], "weights say how many"),
        (["--finetune", "casme-sq", "--root", "b"], "one --root"),
    ],
)
def test_options_without_effect_are_refused(tmp_path, more, message):
    command = ["spotter", "--root", "a", "--output", str(tmp_path / "o.npz"), *more]
    assert message in str(CliRunner().invoke(app, command).exception)


def test_subjects_of_labelled_sets(labelled):
    spot_set = load_set("synthetic", labelled)
    assert spot_set.subject_of("dora_2") == "dora"
    for name, subject in (("15_0101disgust", "15"), ("006_1", "006"), ("spNO.1/a", "spNO.1"),
                          ("liveportrait_s3_30fps_talking.mp4", "liveportrait_s3")):  # fmt: skip
        assert spot_set.subject_of(name) == subject


def test_a_replay_is_the_stream(tmp_path):
    """Signals of motions, and motions of the signals, are the same; so are the spots."""
    made = signals(apexes=(3.0, 7.0))
    again = Signals.of(list(motions_of(made)))
    for name in Signals.__slots__:
        np.testing.assert_allclose(getattr(again, name), getattr(made, name), rtol=1e-6)
    first = replay(made, BUNDLED, SpotterConfig())
    assert first == replay(again, BUNDLED, SpotterConfig())
    assert [round(spot.apex_s) for spot in first] == [3, 7]


def test_examples_of_a_set(labelled, tmp_path):
    measured(tmp_path / "c", [f"{who}_{n}" for who in WHO for n in (1, 2)])
    some = read_examples(load_set("synthetic", labelled), tmp_path / "c")
    assert [e.subject for e in some[:3]] == ["anna", "anna", "bert"]
    assert some[0].truth_s[0] == pytest.approx([2.8, 3.0, 3.2])
    assert not some[0].real and not some[0].control
