"""Windows to learn from: what is asked where, and that training sees what streaming sees."""

import numpy as np
import pytest

from spotting.micro.learned_inputs import INPUTS, InputMaker
from spotting.micro.learned_ticks import HEAD, RATE_HZ, REGIONS, TickMaker
from spotting.motion.regions import REGION_NAMES
from streamer.core.errors import SourceFormatError
from tests.training.spotting.learning.signals import example, signals
from training.spotting.learning import windows
from training.spotting.learning.signals import Signals
from training.spotting.learning.windows import (
    DELAY,
    Targets,
    Variety,
    draw_pool,
    inputs_of,
    ticks_of,
)

PLAIN = Variety(put_every_s=0.0, long_share=0.0, disturbed_share=0.0)


def test_signals_survive_a_file(tmp_path):
    made = signals()
    made.save(tmp_path / "x.npz")
    again = Signals.load(tmp_path / "x.npz")
    for name in Signals.__slots__:
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    (tmp_path / "bad.npz").write_text("x")
    with pytest.raises(SourceFormatError, match="holds no signals"):
        Signals.load(tmp_path / "bad.npz")


def test_frames_to_seconds_of_a_recording_with_lost_frames():
    made = signals(seconds=1.0)
    kept = Signals(made.time_s[[0, 1, 2, 6, 7]], np.arange(5), made.rows[:5], made.gates[:5])
    found = kept.seconds_of(np.array([0.0, 3.0, 6.0, -1.0]))
    assert found == pytest.approx([0.0, 6 / 30, 9 / 30, -1 / 30])


@pytest.mark.parametrize("fps", [15.0, 25.0, 30.0, 60.0, 200.0])
def test_training_sees_what_streaming_sees(fps):
    made = signals(seconds=4.0, fps=fps, apexes=(2.0,))
    maker, inputs = TickMaker(), InputMaker()
    streamed = [
        (time_s, inputs.step(row))
        for now_s, frame in zip(made.time_s, made.rows, strict=True)
        for time_s, row in maker.push(float(now_s), frame)
    ]
    times, rows = ticks_of(made.time_s, made.rows)
    assert times.tolist() == [time_s for time_s, _ in streamed]
    np.testing.assert_allclose(inputs_of(rows), [x for _, x in streamed], atol=2e-3)


def test_targets_by_hand():
    times = np.arange(0, 3, 0.02)
    truth = np.array([[0.9, 1.0, 1.3], [2.0, 2.1, 2.2]])
    targets = Targets.at(times, truth, np.array([False, True]))
    assert targets.wanted[50].tolist() == pytest.approx([1.0, 0.1, 0.3])
    assert targets.wanted[52, 0] == pytest.approx(np.exp(-0.5))
    assert targets.wanted[52, 1:].tolist() == pytest.approx([0.14, 0.26])
    assert targets.known[47:54].all() and not targets.known[45] and not targets.known[55]
    assert targets.weight[:95].all() and targets.weight[116:].all()
    assert not targets.weight[96:115].any()  # 1.9 to 2.3 s: nobody could see it
    assert targets.wanted[100:, 0].max() < 1e-6
    late = targets.delayed()
    assert late.wanted[50 + DELAY, 0] == 1.0 and late.weight[105 + DELAY] == 0.0


def test_windows_keep_motion_and_truth_together(monkeypatch):
    """Whatever the play speed: the upward speed ends, and the apex is asked for, at one place."""
    monkeypatch.setattr(windows, "_varied", lambda rows, rng: rows)
    pool = draw_pool([example(apexes=(6.0,))], 0, 30, PLAIN)
    assert pool.inputs.shape == (30, 300, INPUTS) and pool.wanted.shape == (30, 300, 3)
    seen = 0
    for x, y, k in zip(pool.inputs, pool.wanted, pool.known, strict=True):
        late = int(y[:, 0].argmax())
        if y[late, 0] > 0.99 and late - DELAY > 6:
            apex = late - DELAY
            rise, fall = x[apex - 6 : apex - 1, 1], x[apex + 3 : apex + 8, 1]
            assert -rise.mean() > 0.3 > -0.3 > -fall.mean()
            assert k[late] == 1.0
            assert 0.2 * 0.79 - 0.03 < y[late, 1] < 0.2 * 1.21 + 0.03
            seen += 1
    assert seen > 5


def test_the_same_seed_gives_the_same_windows_and_every_subject_its_own():
    some = [example("anna"), example("bert", seed=1), example("head", real=False, seed=2)]
    first, second = (draw_pool(some, 4, 60, Variety()) for _ in range(2))
    for name in ("inputs", "wanted", "known", "weight", "subjects"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert set(first.subjects) == {"anna", "bert", "head"}
    kept = first.without(["bert"])
    assert set(first.subjects[kept]) == {"anna", "head"}
    assert len(kept) == (first.subjects != "bert").sum()


def test_mirroring_swaps_sides():
    class Rng:
        def random(self):
            return 0.0

        def uniform(self, *_):
            return 0.0

        def normal(self, _mean, _sigma, size):
            return np.zeros(size)

    rows = np.zeros((3, signals().rows.shape[1]), dtype=np.float32)
    left, right = REGION_NAMES.index("mouth_left"), REGION_NAMES.index("mouth_right")
    rows[:, REGIONS.start + 2 * left : REGIONS.start + 2 * left + 2] = (0.3, 0.1)
    rows[:, HEAD] = np.arange(1.0, 7.0)  # x, y, scale, roll, yaw, pitch
    varied = windows._varied(rows, Rng())
    assert varied[0, 2 * right : 2 * right + 2].tolist() == pytest.approx([-0.3, 0.1])
    assert varied[0, 2 * left] == 0.0
    assert varied[0, HEAD].tolist() == [-1.0, 2.0, 3.0, -4.0, -5.0, 6.0]


def test_a_slower_camera_loses_frames_and_no_time():
    rng = np.random.default_rng(0)
    times = np.arange(400) / 200.0
    for _ in range(20):
        kept = windows._thinned(rng, times)
        assert (np.diff(kept) > 0).all()
        assert len(kept) / 2.0 > 0.8 * 14.0
    assert RATE_HZ == 50.0
