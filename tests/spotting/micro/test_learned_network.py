"""The network of the learned detector with weights whose sums are known."""

import numpy as np
import pytest

from spotting.micro import learned_network
from spotting.micro.learned import BUNDLED, OUTPUTS, SETTINGS
from spotting.micro.learned_inputs import INPUTS
from spotting.micro.learned_network import CausalNet, Layer, NetState, load_net, save_net
from spotting.micro.learned_ticks import RATE_HZ
from streamer.core.errors import ModelError

CALIBRATION = {
    "tail_logit": 0.0, "tail_per_minute": 1.0, "tail_scale": 1.0, "false_per_minute": 1.0,
}  # fmt: skip


def random_net(channels=5, dilations=(1, 3), seed=0, members=2):
    rng = np.random.default_rng(seed)

    def array(*shape):
        return rng.normal(0, 0.5, (members, *shape)).astype(np.float32)

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
        array(channels, INPUTS), array(channels), layers, array(OUTPUTS, channels), array(OUTPUTS),
        {"delay_s": 0.4, "rate_hz": RATE_HZ, **CALIBRATION},
    )  # fmt: skip


def written_out(net, k, x):
    """The sums of one member over the whole sequence."""
    h = x @ net.first[k].T + net.first_bias[k]
    for layer in net.layers:
        past = np.concatenate([np.zeros((2 * layer.dilation, h.shape[1])), h])
        d = layer.dilation
        taps = np.concatenate([past[: len(h)], past[d : d + len(h)], h], axis=1)
        moved = np.maximum(taps @ layer.taps[k].T + layer.taps_bias[k], 0)
        h = h + moved @ layer.mix[k].T + layer.mix_bias[k]
    return np.maximum(h, 0) @ net.last[k].T + net.last_bias[k]


def test_a_step_is_the_mean_of_causal_convolutions():
    net = random_net(members=3)
    x = np.random.default_rng(1).normal(0, 0.3, (20, INPUTS)).astype(np.float32)
    expected = np.mean([written_out(net, k, x) for k in range(3)], axis=0)
    state = NetState(net)
    said = np.stack([state.step(net, row) for row in x])
    np.testing.assert_allclose(said, expected, rtol=1e-3, atol=1e-2)


def test_the_bundled_network_is_small():
    assert BUNDLED.stat().st_size <= 1_000_000
    net = load_net(BUNDLED, INPUTS, OUTPUTS, SETTINGS)
    assert 4 * sum(array.size for array in learned_network._arrays_of(net)) <= 1_000_000


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
    monkeypatch.setattr(learned_network, "FORMAT", 3)
    with pytest.raises(ModelError, match="format 2, not 3"):
        load_net(tmp_path / "net.npz", INPUTS, OUTPUTS, SETTINGS)


def test_the_weights_of_the_training_network():
    """Torch and numpy say the same; what was exported comes back."""
    torch = pytest.importorskip("torch")
    from training.spotting.learning.net import CausalTcn, export_nets, import_nets

    torch.manual_seed(3)
    nets = [CausalTcn().eval() for _ in range(2)]
    exported = export_nets(nets, {"delay_s": 0.45, "rate_hz": RATE_HZ, **CALIBRATION})
    x = np.random.default_rng(0).normal(0, 0.3, (150, INPUTS)).astype(np.float32)
    with torch.no_grad():
        each = [net(torch.from_numpy(x[:, None]))[:, 0].numpy() for net in nets]
    state = NetState(exported)
    said = np.stack([state.step(exported, row) for row in x])
    np.testing.assert_allclose(said, np.mean(each, axis=0), atol=2e-4)
    for net, again in zip(nets, import_nets(exported), strict=True):
        for name, value in net.state_dict().items():
            assert torch.equal(again.state_dict()[name], value)
