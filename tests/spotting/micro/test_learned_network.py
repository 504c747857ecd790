"""The network of the learned detector with weights whose sums are known."""

import numpy as np
import pytest

from spotting.micro import learned_network
from spotting.micro.learned import OUTPUTS, SETTINGS
from spotting.micro.learned_network import CausalNet, Layer, NetState, load_net, save_net
from spotting.micro.learned_ticks import INPUTS, RATE_HZ
from streamer.core.errors import ModelError


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
