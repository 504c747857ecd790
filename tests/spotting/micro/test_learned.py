"""The learned detector with hand-made weights: a network whose sums are known."""

from dataclasses import replace

import numpy as np
import pytest

from spotting.config import GateConfig, SpotterConfig
from spotting.micro import learned
from spotting.micro.calibration import Calibration
from spotting.micro.learned import latency_s, open_learned
from spotting.micro.learned_inputs import INPUTS
from spotting.micro.learned_network import CausalNet, Layer, save_net
from spotting.micro.learned_ticks import RATE_HZ
from spotting.motion.history import MotionHistory
from spotting.motion.regions import REGION_NAMES
from streamer.core.errors import ModelError, UsageError
from streamer.core.records import Gate, Rejected
from tests.spotting.curves import face_motion

# Channel 0 is the upward speed of the first region, one layer copies what it was 16 ticks (0.32 s)
# ago into channel 1, and the apex logit is 100 x that: the network takes the moment at which the
# rise is steepest for the apex.
DELAY_S = 16 / RATE_HZ


def speed_net():
    first = np.zeros((1, 2, INPUTS), dtype=np.float32)
    first[0, 0, 1] = -1.0 / 6.0  # the input is six times the speed
    taps, mix = np.zeros((1, 2, 6), dtype=np.float32), np.zeros((1, 2, 2), dtype=np.float32)
    taps[0, 1, 0] = mix[0, 1, 1] = 1.0
    none = np.zeros((1, 2), dtype=np.float32)
    last = np.array([[[0, 100.0], [0, 0], [0, 0]]], dtype=np.float32)
    bias = np.array([[-10.0, 0.2, 0.2]], dtype=np.float32)
    # As many false events as are allowed lie over a logit of 0, a tenth of them over 2.
    tail = Calibration(0.0, 1.0, 2.0 / np.log(10.0), 1.0)
    settings = {"delay_s": DELAY_S, "rate_hz": RATE_HZ, **tail.settings()}
    layers = (Layer(8, taps, none, mix, none),)
    return CausalNet(first, none, layers, last, bias, settings)


def logit_of(height_iod):
    """At the steepest of a raised cosine of 0.2 s up."""
    return 100.0 * height_iod * 0.5 * np.pi / 0.2 - 10.0


class OneFace:
    """A detector and the history that feeds it."""

    def __init__(self, weights, config):
        self.history, self.micro = MotionHistory(config), open_learned(config, weights)(0)

    def push(self, motion):
        return self.micro.detect(self.history.push(motion))

    def close(self):
        return self.micro.detect(self.history.close())


@pytest.fixture
def one_face(tmp_path):
    def make(net=None, **options):
        save_net(net or speed_net(), tmp_path / "net.npz")
        return OneFace(tmp_path / "net.npz", SpotterConfig(**options))

    return make


BROWS = slice(0, 4)


def play(face, fps=100.0, gated=(), seconds=4.0, height=0.04, rows=BROWS, first=0):
    """Findings, each with the time at which it became known; apex at 2 s."""
    found = []
    for n in range(first, round(fps * seconds)):
        t = n / fps
        part = np.clip((t - 1.8) / 0.4, 0, 1)
        gates = tuple(gate for a, b, gate in gated if a <= t <= b)
        lift = height * (0.5 - 0.5 * np.cos(2 * np.pi * part))
        found += [(t, one) for one in face.push(face_motion(n, t, lift, gates=gates, rows=rows))]
    return found


def test_a_peak_of_the_network_is_a_spot(one_face):
    found = play(one_face())
    assert len(found) == 1
    known_s, spot = found[0]
    assert spot.kind == "micro" and spot.score >= 1.0
    # Steepest at 1.9 s, so from the ticks before and after it (1.90, 1.92) alike; 0.2 s to both
    # sides as the biases say; the apex is sharpened to at most 0.05 s later, towards the true one.
    assert spot.onset_s == pytest.approx(1.71, abs=0.03)
    assert spot.offset_s == pytest.approx(2.11, abs=0.03)
    assert 1.95 - 0.01 <= spot.apex_s <= 1.97 + 0.01
    assert spot.apex_frame == round(100 * spot.apex_s)
    assert set(spot.regions) == set(REGION_NAMES[:4])
    assert known_s - 1.9 <= latency_s(speed_net()) + 3 / RATE_HZ


def test_sensitivity_shifts_the_threshold(one_face):
    weak = {"height": 0.0105}
    assert -2.0 * np.log(3.0) < logit_of(0.0105) < 0.0
    assert play(one_face(), **weak) == []
    assert len(play(one_face(sensitivity=3.0), **weak)) == 1


def test_the_rate_of_false_events_sets_the_threshold(one_face):
    """Asked are 0 at 1 a minute, -1.4 at 5 and -2 at 10; the weak one has -1.75."""
    weak = {"height": 0.0105}
    assert logit_of(0.0105) == pytest.approx(-1.75, abs=0.01)
    assert play(one_face(false_per_minute=1.0), **weak) == []
    assert play(one_face(false_per_minute=5.0), **weak) == []
    ((_, spot),) = play(one_face(false_per_minute=10.0), **weak)
    # Pooling and ticks flatten the steepest place a little.
    assert 1.0 <= spot.score < 10.0 ** ((logit_of(0.0105) + 2.0) / 2.0) < 1.4
    ((_, spot),) = play(one_face())
    assert spot.score == pytest.approx(1e6)  # 10 ** 10.7, cut


@pytest.mark.parametrize(
    ("gate", "kept"),
    [
        (Gate.COVERED, False),
        (Gate.BORDER, False),
        (Gate.LIGHT_JUMP, True),
        (Gate.HEAD_TURN, True),
        (Gate.GAZE_SHIFT, True),
        (Gate.SPEECH, True),
    ],
)
def test_only_what_cannot_be_seen_is_void(one_face, gate, kept):
    found = [one for _, one in play(one_face(), gated=[(2.1, 2.2, gate)])]
    assert len(found) == 1
    assert isinstance(found[0], Rejected) != kept
    assert kept or found[0].reason == gate.value


def test_the_margin_of_gates_is_that_of_the_settings(one_face):
    gated = [(2.3, 2.4, Gate.COVERED)]  # 0.2 s after the offset
    assert not isinstance(play(one_face(), gated=gated)[0][1], Rejected)
    wide = GateConfig(margin_s=0.3)
    assert isinstance(play(one_face(gates=wide), gated=gated)[0][1], Rejected)


def test_nothing_is_reported_in_the_baseline(one_face):
    ((_, found),) = play(one_face(baseline_s=3.0))
    assert isinstance(found, Rejected) and found.reason == "baseline"
    ((_, found),) = play(one_face(baseline_s=1.0))
    assert not isinstance(found, Rejected)


def test_lengths_are_those_of_the_settings(one_face):
    assert play(one_face(micro_min_s=0.5)) == []  # the network says 0.4 s
    assert len(play(one_face(micro_min_s=0.35))) == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [("low_latency", True), ("activity_factor", 3.0), ("activity_before_s", 2.0),
     ("activity_after_s", 0.2), ("gates", {"blink_lid_iod": 0.1})],
)  # fmt: skip
def test_a_setting_without_effect_is_refused(setting, value):
    from streamer.run.config import load_config

    overrides = [(f"spotter.{setting}", value)]
    load_config(None, overrides)
    with pytest.raises(UsageError, match=rf"spotter\.{setting}.* no effect on a learned.*leave it"):
        load_config(None, [*overrides, ("spotter_model", "bundled")])


def test_the_end_of_a_stream_closes_what_is_open(one_face):
    face = one_face()
    assert play(face, seconds=2.2) == []
    assert len(face.close()) == 1


def test_the_bundled_weights_find_a_movement():
    """A brow raise of 0.04 IOD within 0.4 s, and nothing else; not tuned, merely alive."""
    for fps in (30.0, 200.0):
        face = OneFace(learned.BUNDLED, SpotterConfig())
        spots = [spot for _, spot in play(face, fps=fps)] + face.close()
        assert len(spots) == 1
        assert spots[0].apex_s == pytest.approx(2.0, abs=0.06)
        assert spots[0].onset_s == pytest.approx(1.8, abs=0.1)
        assert spots[0].offset_s == pytest.approx(2.2, abs=0.1)


def test_settings_choose_the_detector():
    from spotting.micro.learned import LearnedDetector
    from spotting.micro.rule import RuleDetector
    from spotting.spotter import MICRO_DETECTORS
    from streamer.run.build import make_spotter
    from streamer.run.config import StreamConfig

    makers = {name: open_one(SpotterConfig(), None) for name, open_one in MICRO_DETECTORS.items()}
    assert isinstance(makers["rule"](0), RuleDetector)
    assert isinstance(makers["learned"](0), LearnedDetector)
    for model, kind in ((None, RuleDetector), ("bundled", LearnedDetector)):
        made = make_spotter(StreamConfig(spotter_model=model))
        assert isinstance(made._make_micro(0), kind)
    with pytest.raises(ModelError, match=r"No spotter weights at nowhere\.npz"):
        make_spotter(StreamConfig(spotter_model="nowhere.npz"))


def test_weights_made_for_other_settings(one_face):
    for name, value in (("tail_scale", 0.0), ("rate_hz", 25.0)):
        net = speed_net()
        with pytest.raises(ModelError, match=r"made for other settings|no calibration"):
            one_face(replace(net, settings={**net.settings, name: value}))


def test_a_stream_cut_in_two_with_its_state_carried_over():
    from streamer.core.snapshot import capture, from_bytes, restore, set_state, state_of, to_bytes

    def fresh():
        return OneFace(learned.BUNDLED, SpotterConfig())

    whole = fresh()
    expected = play(whole)
    assert len(expected) == 1
    for cut in (190, 205, 230):
        first, second = fresh(), fresh()
        before = play(first, seconds=cut / 100)
        data = to_bytes(capture([state_of(first.history), state_of(first.micro)]), {})
        assert len(data) < 2_500_000 and b"learned_network:CausalNet" not in data  # no weights
        states = restore(from_bytes(data)[0])
        for one, state in zip((second.history, second.micro), states, strict=True):
            set_state(one, state)
        assert before + play(second, first=cut) == expected
