"""A small network of dense layers, one tick at a time, in numpy.

    h = relu(W1 x + b1); h = relu(W2 h + b2); ... ; y = Wn h + bn

Its memory is in its inputs (`learned_inputs`), it has none itself. K such networks, trained from
different seeds, are stepped at once and the mean of their outputs is taken. The weights are trained
by `mer-train spotter` and come as an .npz of float32 arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import ModelError
from streamer.core.files.atomic import replacing
from streamer.core.files.strict_npz import read_npz
from streamer.core.files.writing import writing

FORMAT = 2  # of the file
_MOST_BYTES = 64 * 2**20  # of the weights; ours have less than 1 MB
_MOST_LAYERS = 16
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One dense layer of K networks."""

    weight: Array  # [K, out, in]
    bias: Array  # [K, out]


@dataclass(frozen=True, slots=True)
class DenseNet:
    """The weights of K networks; nothing in it changes."""

    layers: tuple[Layer, ...]
    settings: Mapping[str, float]  # what it was trained for: delay_s, rate_hz, calibration

    def __call__(self, x: Array) -> Array:
        """Outputs [outputs] for inputs [inputs]."""
        first, *others = self.layers
        h = first.weight @ x + first.bias
        for layer in others:
            h = (layer.weight @ np.maximum(h, 0.0)[..., None])[..., 0] + layer.bias
        return np.asarray(h.mean(axis=0), dtype=np.float32)


def save_net(net: DenseNet, path: Path) -> None:
    """Writes the weights as .npz, whole or not at all. Raises OutputError."""
    arrays: dict[str, NDArray] = {"format": np.array(FORMAT), "layers": np.array(len(net.layers))}
    for number, layer in enumerate(net.layers):
        arrays[f"weight_{number}"], arrays[f"bias_{number}"] = layer.weight, layer.bias
    for name, value in net.settings.items():
        arrays[f"setting_{name}"] = np.array(float(value))
    with replacing(path) as part, writing(path), part.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load_net(path: Path, inputs: int, outputs: int, needed: Sequence[str]) -> DenseNet:
    """Reads weights and checks their shapes.

    Raises:
        ModelError: the file is absent, damaged, of another format or for other inputs.
    """
    try:
        arrays = read_npz(path, None, _MOST_BYTES)
        if int(arrays["format"]) != FORMAT:
            raise ModelError(f"{path} has format {arrays['format']}, not {FORMAT}: train it anew")
        net = _net_of(arrays)
    except FileNotFoundError:
        raise ModelError(
            f"No spotter weights at {path}: make some with `mer-train spotter`"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise ModelError(f"{path} holds no spotter weights ({error}): train it anew") from None
    if not _fits(net, inputs, outputs) or not all(name in net.settings for name in needed):
        raise ModelError(f"{path} was trained for other inputs: train it anew")
    numbers = [layer.weight for layer in net.layers] + [layer.bias for layer in net.layers]
    if not all(np.isfinite(a).all() for a in (*numbers, np.array([*net.settings.values()]))):
        raise ModelError(f"{path} holds numbers that are not finite: train it anew")
    return net


def _fits(net: DenseNet, inputs: int, outputs: int) -> bool:
    """Whether all shapes belong together."""
    k = len(net.layers[0].weight) if net.layers[0].weight.ndim else 0
    before = inputs
    for layer in net.layers:
        if layer.bias.ndim != 2 or layer.weight.shape != (k, layer.bias.shape[1], before):
            return False
        if layer.bias.shape[0] != k:
            return False
        before = layer.bias.shape[1]
    return k > 0 and before == outputs


def _net_of(arrays: Mapping[str, NDArray]) -> DenseNet:
    count = int(arrays["layers"])
    if not 1 <= count <= _MOST_LAYERS:
        raise ValueError(f"{count} layers")

    def weights(name: str) -> Array:
        return np.ascontiguousarray(arrays[name], dtype=np.float32)

    layers = tuple(Layer(weights(f"weight_{n}"), weights(f"bias_{n}")) for n in range(count))
    prefix = "setting_"
    settings = {
        name.removeprefix(prefix): float(value)
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
    return DenseNet(layers, settings)
