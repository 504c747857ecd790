"""Training of the learned spotter: windows, targets, and one short run through the command."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from spotting.micro.learned import OUTPUTS, SETTINGS
from spotting.micro.learned_network import load_net
from spotting.micro.learned_ticks import INPUTS, RATE_HZ
from spotting.motion.regions import REGION_NAMES
from streamer.core.errors import SourceFormatError, UsageError
from training.cli import app
from training.spotting import windows
from training.spotting.learn import LearnConfig, choose_threshold, intervals_of, run_learning, train
from training.spotting.matching import SpotScore
from training.spotting.signals import Signals
from training.spotting.windows import DELAY_S, draw_batch, targets_of, ticks_of

R = len(REGION_NAMES)


def signals(seconds=12.0, fps=30.0, apexes=(3.0, 7.0), height_iod=0.05, seed=0):
    """A face whose first region bobs up for 0.4 s."""
    times = np.arange(round(seconds * fps)) / fps
    moved = np.random.default_rng(seed).normal(0, 0.0005, (len(times), R, 2)).astype(np.float32)
    for apex in apexes:
        part = np.clip((times - apex + 0.2) / 0.4, 0, 1)
        moved[:, 0, 1] -= (height_iod * (0.5 - 0.5 * np.cos(2 * np.pi * part))).astype(np.float32)
    truth = np.array([[a - 0.2, a, a + 0.2] for a in apexes])
    head = np.zeros((len(times), 2), dtype=np.float32)
    blink = np.zeros(len(times), dtype=np.float32)
    return Signals(times, moved, head, blink, truth, np.full(len(apexes), height_iod))


def test_signals_survive_a_file(tmp_path):
    made = signals()
    made.save(tmp_path / "x.npz")
    again = Signals.load(tmp_path / "x.npz")
    for name in Signals.__slots__:
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    (tmp_path / "bad.npz").write_text("x")
    with pytest.raises(SourceFormatError, match="holds no signals"):
        Signals.load(tmp_path / "bad.npz")


def test_targets_by_hand():
    times = np.arange(0, 2, 0.02)
    targets, known = targets_of(times, np.array([[0.9, 1.0, 1.3]]))
    assert targets[50].tolist() == pytest.approx([1.0, 0.1, 0.3])
    assert targets[52, 0] == pytest.approx(np.exp(-0.5))
    assert targets[52, 1:].tolist() == pytest.approx([0.14, 0.26])
    assert known[47:54].all() and not known[45] and not known[55]
    assert targets[20].tolist() == pytest.approx([0, 0, 0], abs=1e-6)


def test_windows_keep_motion_and_truth_together(monkeypatch):
    """Whatever the play speed: the upward speed ends, and the apex is asked for, at one place."""
    monkeypatch.setattr(windows, "_varied", lambda inputs, rng: inputs.copy())
    recording = ticks_of(signals(apexes=(6.0,)))
    inputs, targets, known = draw_batch([recording], np.random.default_rng(0), 30, 400)
    assert inputs.shape == (30, INPUTS, 400) and targets.shape == (30, OUTPUTS, 400)
    seen = 0
    for x, y, k in zip(inputs, targets, known, strict=True):
        if y[0].max() > 0.99:
            apex = int(y[0].argmax()) - round(DELAY_S * RATE_HZ)
            assert (
                -x[1, apex - 6 : apex - 1].mean() > 0.05 > -0.05 > -x[1, apex + 3 : apex + 8].mean()
            )
            assert k[int(y[0].argmax())] == 1.0
            rise_s = y[1, int(y[0].argmax())]
            assert 0.2 / 1.26 - 0.03 < rise_s < 0.2 / 0.79 + 0.03
            seen += 1
    assert seen > 5


def test_mirroring_swaps_sides(monkeypatch):
    class Rng:
        def random(self):
            return 0.0

        def uniform(self, *_):
            return 0.0

        def normal(self, _mean, _sigma, size):
            return np.zeros(size)

    inputs = np.zeros((3, INPUTS), dtype=np.float32)
    left = REGION_NAMES.index("mouth_left")
    right = REGION_NAMES.index("mouth_right")
    inputs[:, 2 * left : 2 * left + 2] = (0.3, 0.1)
    inputs[:, -3] = 0.5  # head to the right
    varied = windows._varied(inputs, Rng())
    assert varied[0, 2 * right : 2 * right + 2].tolist() == pytest.approx([-0.3, 0.1])
    assert varied[0, 2 * left] == 0.0
    assert varied[0, -3] == -0.5


def test_peaks_of_a_curve():
    times = np.arange(100) / RATE_HZ
    curve = np.full((100, 3), 0.1, dtype=np.float32)
    curve[:, 0] = -5.0
    curve[60:63, 0] = (1.0, 3.0, 2.0)
    (interval,) = intervals_of(times, curve, 0.5)
    apex_s = 61 / RATE_HZ - DELAY_S
    assert interval == pytest.approx((apex_s - 0.1, apex_s + 0.1))
    assert intervals_of(times, curve, 0.99) == []


def test_the_threshold_allows_few_false_events():
    scores = {0.3: SpotScore(9, 2, 1), 0.5: SpotScore(8, 1, 2), 0.7: SpotScore(6, 0, 4)}
    assert choose_threshold(scores, minutes=2.0) == 0.5
    assert choose_threshold(scores, minutes=20.0) == 0.3
    assert choose_threshold({0.3: SpotScore(9, 4, 1), 0.5: SpotScore(8, 3, 2)}, 1.0) == 0.3


def test_the_same_seed_gives_the_same_network():
    recordings = [ticks_of(signals(seed=n)) for n in range(2)]
    config = LearnConfig(steps=2)
    first, second = train(recordings, config), train(recordings, config)
    for name, value in first.state_dict().items():
        assert np.array_equal(value.numpy(), second.state_dict()[name].numpy())


def test_the_command_trains_and_reports(tmp_path, monkeypatch):
    names = [f"{who}_30fps_expressions.mp4" for who in ("anna", "bert", "carl")]
    lines = ["video,onset,offset,apex,kind"]
    lines += [f"{n},{f},{f + 12},{f + 6},micro" for n in names for f in (84, 204)]
    (tmp_path / "truth.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "videos.csv").write_text("video,fps\n" + "".join(f"{n},30\n" for n in names))
    for name in names:
        (tmp_path / name).touch()
        signals(seed=len(name)).save(tmp_path / "signals" / f"{name}.npz")
    output = tmp_path / "net.npz"
    command = ["spotter", "--root", str(tmp_path), "--output", str(output), "--steps", "2"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "trained on 2 recordings" in result.stdout
    net = load_net(output, INPUTS, OUTPUTS, SETTINGS)
    assert net.settings["delay_s"] == DELAY_S
    report = json.loads(output.with_suffix(".json").read_text())
    assert report["validated_on"] == ["anna_30fps_expressions.mp4"]
    assert report["validation"]["tp"] + report["validation"]["fn"] == 2
    assert isinstance(CliRunner().invoke(app, command).exception, UsageError)
    with pytest.raises(UsageError, match="3 recordings to train on and 0 to validate"):
        run_learning([tmp_path], tmp_path / "o.npz", LearnConfig(validate=("nobody",)))
