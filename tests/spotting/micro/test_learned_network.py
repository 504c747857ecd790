"""The network of the learned detector with weights whose sums are known."""

from itertools import pairwise

import numpy as np
import pytest

from spotting.micro import learned_network
from spotting.micro.learned import BUNDLED, OUTPUTS, SETTINGS
from spotting.micro.learned_inputs import INPUTS
from spotting.micro.learned_network import DenseNet, Layer, load_net, save_net
from spotting.micro.learned_ticks import RATE_HZ
from streamer.core.errors import ModelError

CALIBRATION = {
    "tail_logit": 0.0, "tail_per_minute": 1.0, "tail_scale": 1.0, "false_per_minute": 1.0,
}  # fmt: skip


def random_net(widths=(INPUTS, 5, 4, OUTPUTS), seed=0, members=2):
    rng = np.random.default_rng(seed)
    layers = tuple(
        Layer(
            rng.normal(0, 0.5, (members, wider, width)).astype(np.float32),
            rng.normal(0, 0.5, (members, wider)).astype(np.float32),
        )
        for width, wider in pairwise(widths)
    )
    return DenseNet(layers, {"delay_s": 0.4, "rate_hz": RATE_HZ, **CALIBRATION})


def test_it_is_the_mean_of_its_members():
    """Two layers of one number each, by hand."""
    first = Layer(np.array([[[2.0]], [[-1.0]]]), np.array([[0.5], [1.0]]))
    second = Layer(np.array([[[3.0]], [[4.0]]]), np.array([[1.0], [0.0]]))
    net = DenseNet((first, second), {})
    # 2 x 2 + 0.5 = 4.5, 3 x 4.5 + 1 = 14.5; the other is cut to 0: (14.5 + 0) / 2
    assert net(np.array([2.0])).tolist() == [7.25]
    # cut to 0, so 1; 1 + 1 = 2, 4 x 2 = 8
    assert net(np.array([-1.0])).tolist() == [4.5]


def test_the_bundled_network_is_small():
    assert BUNDLED.stat().st_size <= 1_000_000
    net = load_net(BUNDLED, INPUTS, OUTPUTS, SETTINGS)
    assert 4 * sum(layer.weight.size + layer.bias.size for layer in net.layers) <= 1_000_000


def test_weights_survive_a_file(tmp_path):
    net = random_net()
    save_net(net, tmp_path / "net.npz")
    again = load_net(tmp_path / "net.npz", INPUTS, OUTPUTS, SETTINGS)
    x = np.ones(INPUTS, dtype=np.float32)
    np.testing.assert_array_equal(net(x), again(x))
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
    from training.spotting.learning.net import SpotterNet, export_nets, import_nets

    torch.manual_seed(3)
    nets = [SpotterNet().eval() for _ in range(2)]
    for net in nets:
        net.standardise(np.random.default_rng(1).normal(0.5, 2.0, (99, INPUTS)))
    exported = export_nets(nets, {"delay_s": 0.4, "rate_hz": RATE_HZ, **CALIBRATION})
    x = np.random.default_rng(0).normal(0, 1.0, (50, INPUTS)).astype(np.float32)
    with torch.no_grad():
        each = [net(torch.from_numpy(x)).numpy() for net in nets]
    np.testing.assert_allclose([exported(row) for row in x], np.mean(each, axis=0), atol=2e-5)
    for net, again in zip(nets, import_nets(exported), strict=True):
        with torch.no_grad():
            np.testing.assert_allclose(
                again(torch.from_numpy(x)), net(torch.from_numpy(x)), atol=2e-5
            )
    with pytest.raises(ModelError, match="train one anew"):
        import_nets(random_net())
