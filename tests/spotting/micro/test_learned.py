"""The learned spotter with hand-made weights: a network whose sums are known."""

from dataclasses import replace

import numpy as np
import pytest

from spotting.config import SpotterConfig
from spotting.micro import learned, learned_network
from spotting.micro.learned import OUTPUTS, SETTINGS, LearnedSpotter, latency_s
from spotting.micro.learned_network import CausalNet, Layer, NetState, load_net, save_net
from spotting.micro.learned_ticks import INPUTS, RATE_HZ, TickMaker
from spotting.motion.regions import REGION_NAMES
from streamer.core.errors import ModelError
from streamer.core.records import Motion

R = len(REGION_NAMES)


def motion(index, time_s, lift_iod=0.0, gate="", blink=0.0, face_id=0):
    moved = np.zeros((R, 2), dtype=np.float32)
    moved[:4, 1] = -lift_iod
    return Motion(index, time_s, face_id, moved, (0.0, 0.0), blink, gate)


def random_net(channels=5, dilations=(1, 3), seed=0):
    rng = np.random.default_rng(seed)

    def array(*shape):
        return rng.normal(0, 0.5, shape).astype(np.float32)

    layers = tuple(
        Layer(
            d,
            array(channels, 3 * channels),
            array(channels),
            array(channels, channels),
            array(channels),
        )
        for d in dilations
    )
    return CausalNet(
        np.ones(INPUTS, dtype=np.float32), array(channels, INPUTS), array(channels), layers,
        array(OUTPUTS, channels), array(OUTPUTS),
        {"threshold": 0.5, "delay_s": 0.4, "rate_hz": RATE_HZ},
    )  # fmt: skip


def test_a_step_is_a_causal_convolution():
    """Against the sums written out over the whole sequence."""
    net = random_net()
    x = np.random.default_rng(1).normal(0, 1, (20, INPUTS)).astype(np.float32)
    h = x @ net.first.T + net.first_bias
    for layer in net.layers:
        past = np.concatenate([np.zeros((2 * layer.dilation, h.shape[1])), h])
        d = layer.dilation
        taps = np.concatenate([past[: len(h)], past[d : d + len(h)], h], axis=1)
        h = h + np.maximum(taps @ layer.taps.T + layer.taps_bias, 0) @ layer.mix.T + layer.mix_bias
    expected = np.maximum(h, 0) @ net.last.T + net.last_bias
    state = NetState(net)
    said = np.stack([state.step(net, row) for row in x])
    np.testing.assert_allclose(said, expected, atol=1e-4)


def test_weights_survive_a_file(tmp_path):
    net = random_net()
    save_net(net, tmp_path / "net.npz")
    again = load_net(tmp_path / "net.npz", INPUTS, OUTPUTS, SETTINGS)
    x = np.ones(INPUTS, dtype=np.float32)
    np.testing.assert_array_equal(NetState(net).step(net, x), NetState(again).step(again, x))
    assert again.settings == net.settings


def test_weights_that_cannot_be_used(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="No spotter weights"):
        load_net(tmp_path / "none.npz", INPUTS, OUTPUTS, SETTINGS)
    (tmp_path / "text.npz").write_text("nothing")
    with pytest.raises(ModelError, match="holds no spotter weights"):
        load_net(tmp_path / "text.npz", INPUTS, OUTPUTS, SETTINGS)
    np.savez(tmp_path / "pickle.npz", format=np.array([{}], dtype=object))
    with pytest.raises(ModelError, match="holds no spotter weights"):
        load_net(tmp_path / "pickle.npz", INPUTS, OUTPUTS, SETTINGS)
    save_net(random_net(), tmp_path / "net.npz")
    with pytest.raises(ModelError, match="other inputs"):
        load_net(tmp_path / "net.npz", INPUTS + 1, OUTPUTS, SETTINGS)
    monkeypatch.setattr(learned_network, "FORMAT", 2)
    with pytest.raises(ModelError, match="format 1, not 2"):
        load_net(tmp_path / "net.npz", INPUTS, OUTPUTS, SETTINGS)


def ticks_at(fps, seconds=2.0):
    maker, found = TickMaker(), []
    for n in range(round(fps * seconds)):
        time_s = n / fps
        found += maker.push(motion(n, time_s, lift_iod=0.02 * time_s))
    return found


@pytest.mark.parametrize("fps", [12.5, 30.0, 60.0, 200.0])
def test_ticks_are_the_same_at_any_frame_rate(fps):
    """A region that moves at 0.02 IOD a second does so in every tick."""
    ticks = ticks_at(fps)
    times = np.array([t for t, _ in ticks])
    np.testing.assert_allclose(np.diff(times), 1 / RATE_HZ)
    np.testing.assert_allclose(times * RATE_HZ, np.round(times * RATE_HZ), atol=1e-9)
    inputs = np.stack([x for _, x in ticks])
    np.testing.assert_allclose(inputs[1:, 1], -0.02, atol=1e-5)  # y of the first region
    assert np.abs(inputs[1:, 2 * 4 :]).max() < 1e-6
    assert times[-1] > 2.0 - 2 / fps - 2 / RATE_HZ


def test_the_blink_is_handed_on_as_it_is():
    maker = TickMaker()
    inputs = [x for n in range(30) for _, x in maker.push(motion(n, n / 30, blink=0.4))]
    assert inputs[5][-1] == pytest.approx(0.4)


# A hand-made detector: channel 0 is the upward speed of the first region, one layer copies what it
# was 16 ticks (0.32 s) ago into channel 1, and the apex logit is 100 x that: the network takes the
# moment at which the rise is steepest for the apex.
DELAY_S = 16 / RATE_HZ


def speed_net():
    first = np.zeros((2, INPUTS), dtype=np.float32)
    first[0, 1] = -1.0
    taps, mix = np.zeros((2, 6), dtype=np.float32), np.zeros((2, 2), dtype=np.float32)
    taps[1, 0] = mix[1, 1] = 1.0
    none = np.zeros(2, dtype=np.float32)
    last = np.array([[0, 100.0], [0, 0], [0, 0]], dtype=np.float32)
    bias = np.array([-10.0, 0.2, 0.2], dtype=np.float32)
    settings = {"threshold": 0.5, "delay_s": DELAY_S, "rate_hz": RATE_HZ}
    layers = (Layer(8, taps, none, mix, none),)
    one = np.ones(INPUTS, dtype=np.float32)
    return CausalNet(one, first, none, layers, last, bias, settings)


class StubRule:
    """Hands on the motions it is given instead of measuring."""

    lookback_s = 6.0

    def __init__(self, config):
        self.spots = []

    def push(self, faces):
        return list(faces), []

    def flush(self):
        return []

    def reset(self):
        pass


@pytest.fixture
def spotter(tmp_path, monkeypatch):
    monkeypatch.setattr(learned, "FlowSpotter", StubRule)

    def make(net=None, **options):
        save_net(net or speed_net(), tmp_path / "net.npz")
        return LearnedSpotter(tmp_path / "net.npz", SpotterConfig(**options))

    return make


def play(spotter, fps=100.0, gates=(), seconds=4.0, height=0.04):
    spots, motions = [], []
    for n in range(round(fps * seconds)):
        t = n / fps
        part = np.clip((t - 1.8) / 0.4, 0, 1)
        gate = next((g for a, b, g in gates if a <= t <= b), "")
        lift = height * (0.5 - 0.5 * np.cos(2 * np.pi * part))
        shown, found = spotter.push([motion(n, t, lift, gate)])
        spots += [(t, spot) for spot in found]
        motions += shown
    return spots, motions


def test_a_peak_of_the_network_is_a_spot(spotter):
    spots, _ = play(spotter())
    assert len(spots) == 1
    known_s, spot = spots[0]
    assert spot.kind == "micro" and spot.score >= 1.0
    # Steepest at 1.9 s, 0.2 s to both sides as the biases say; the apex is sharpened to at most
    # 0.05 s later, towards the true one at 2.0 s.
    assert spot.onset_s == pytest.approx(1.7, abs=0.03)
    assert spot.offset_s == pytest.approx(2.1, abs=0.03)
    assert spot.apex_s == pytest.approx(1.95, abs=0.02)
    assert spot.apex_frame == round(100 * spot.apex_s)
    assert set(spot.regions) == set(REGION_NAMES[:4])
    assert known_s - 1.9 <= latency_s(speed_net()) + 3 / RATE_HZ


def test_sensitivity_shifts_the_threshold(spotter):
    weak = {"height": 0.0105}  # logit at the steepest: 100 x 0.0825 - 10, odds of 0.17
    assert play(spotter(), **weak)[0] == []
    assert len(play(spotter(sensitivity=3.0), **weak)[0]) == 1


def test_a_gate_voids_with_its_reason(spotter):
    for gate, kept in (("covered", False), ("light jump", False), ("gaze shift", True)):
        spots, motions = play(spotter(), gates=[(2.1, 2.2, gate)])
        assert bool(spots) == kept
        reasons = [r.reason for m in motions for r in m.rejected]
        assert reasons == ([] if kept else [gate])


def test_the_end_of_a_stream_closes_what_is_open(spotter):
    made = spotter()
    assert play(made, seconds=2.2)[0] == []
    assert len(made.flush()) == 1
    assert made.flush() == []


def test_a_face_that_leaves_is_closed_and_reset_forgets(spotter):
    made = spotter()
    play(made, seconds=2.2)
    assert len(made.push([])[1]) == 1
    play(made, seconds=2.2)
    made.reset()
    assert made.push([])[1] == made.flush() == []


def test_the_weights_of_the_training_network(tmp_path):
    """Torch and numpy say the same."""
    torch = pytest.importorskip("torch")
    from training.spotting.net import CausalTcn, export_net

    torch.manual_seed(3)
    net = CausalTcn().eval()
    exported = export_net(net, {"threshold": 0.5, "delay_s": 0.45, "rate_hz": RATE_HZ})
    x = np.random.default_rng(0).normal(0, 0.3, (150, INPUTS)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(x.T[None].copy()))[0].numpy().T
    state = NetState(exported)
    said = np.stack([state.step(exported, row) for row in x])
    np.testing.assert_allclose(said, expected, atol=2e-4)


def test_the_bundled_weights_find_a_movement(monkeypatch):
    """A brow raise of 0.04 IOD within 0.4 s, and nothing else; not tuned, merely alive."""
    monkeypatch.setattr(learned, "FlowSpotter", StubRule)
    for fps in (30.0, 200.0):
        made = LearnedSpotter(learned.BUNDLED)
        spots = [spot for _, spot in play(made, fps=fps)[0]] + made.flush()
        assert len(spots) == 1
        assert spots[0].apex_s == pytest.approx(2.0, abs=0.06)
        assert spots[0].onset_s == pytest.approx(1.8, abs=0.1)
        assert spots[0].offset_s == pytest.approx(2.2, abs=0.1)


def test_settings_choose_the_spotter():
    from spotting.spotter import FlowSpotter
    from streamer.run.build import make_spotter
    from streamer.run.config import StreamConfig

    assert isinstance(make_spotter(StreamConfig()), FlowSpotter)
    assert isinstance(make_spotter(StreamConfig(spotter_model="bundled")), LearnedSpotter)
    with pytest.raises(ModelError, match=r"No spotter weights at nowhere\.npz"):
        make_spotter(StreamConfig(spotter_model="nowhere.npz"))


def test_weights_made_for_other_settings(spotter):
    for name, value in (("threshold", 1.0), ("rate_hz", 25.0)):
        net = speed_net()
        with pytest.raises(ModelError, match="made for other settings"):
            spotter(replace(net, settings={**net.settings, name: value}))


def test_a_stream_cut_in_two_with_its_state_carried_over():
    from streamer.core.snapshot import capture, restore, set_state, state_of

    def frames(made, numbers):
        found = []
        for n in numbers:
            part = np.clip((n / 100 - 1.8) / 0.4, 0, 1)
            lift = 0.04 * (0.5 - 0.5 * np.cos(2 * np.pi * part))
            found += made.push(motion(n, n / 100, lift), net)[0]
        return found

    from spotting.micro.learned_face import LearnedFace
    from spotting.micro.learned_network import load_net

    net = load_net(learned.BUNDLED, INPUTS, OUTPUTS, SETTINGS)
    whole = LearnedFace(0, net, SpotterConfig(), 0.0)
    expected = frames(whole, range(400))
    assert len(expected) == 1
    for cut in (190, 205, 230):
        first, second = (LearnedFace(0, net, SpotterConfig(), 0.0) for _ in range(2))
        before = frames(first, range(cut))
        set_state(second, restore(capture(state_of(first))))
        assert before + frames(second, range(cut, 400)) == expected
