"""A small causal temporal convolution network, one tick at a time, in numpy.

    h = W x + b;  for each layer  h = h + M relu(conv(h)) ;  y = out(relu(h))

The convolutions have three taps, `dilation` ticks apart, and look back only (Bai et al. 2018). K
such networks, trained from different seeds, are stepped at once and the mean of their outputs is
taken. The weights are trained by `mer-train spotter` and come as an .npz of float32 arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.errors import ModelError
from streamer.core.files.atomic import replacing
from streamer.core.files.strict_npz import read_npz
from streamer.core.files.writing import writing

FORMAT = 2  # of the file
_MOST_BYTES = 64 * 2**20  # of the weights; ours have some 0.5 MB
_MOST_MEMORY = 10_000_000  # numbers that are remembered of one face
TAPS = 3
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One residual layer of C channels, of K networks."""

    dilation: int
    taps: Array  # [K, C, 3 C]: oldest tap first
    taps_bias: Array  # [K, C]
    mix: Array  # [K, C, C]
    mix_bias: Array  # [K, C]


@dataclass(frozen=True, slots=True)
class CausalNet:
    """The weights of K networks; nothing in it changes."""

    first: Array  # [K, C, inputs]
    first_bias: Array  # [K, C]
    layers: tuple[Layer, ...]
    last: Array  # [K, outputs, C]
    last_bias: Array  # [K, outputs]
    settings: Mapping[str, float]  # what it was trained for: delay_s, rate_hz, calibration


class NetState:
    """What the network remembers of one face: per layer the inputs of the last 2 dilations."""

    def __init__(self, net: CausalNet) -> None:
        shape = net.first_bias.shape
        self._past = [
            np.zeros((2 * layer.dilation, *shape), dtype=np.float32) for layer in net.layers
        ]
        self._tick = 0

    def step(self, net: CausalNet, x: Array) -> Array:
        """Outputs [outputs] of one tick for inputs [inputs]."""
        h = net.first @ x + net.first_bias
        for layer, past in zip(net.layers, self._past, strict=True):
            length = len(past)
            oldest = self._tick % length
            middle = (self._tick + layer.dilation) % length
            inputs = np.concatenate([past[oldest], past[middle], h], axis=1)
            past[oldest] = h
            moved = np.maximum(_times(layer.taps, inputs) + layer.taps_bias, 0.0)
            h = h + _times(layer.mix, moved) + layer.mix_bias
        self._tick += 1
        each = _times(net.last, np.maximum(h, 0.0)) + net.last_bias
        return np.asarray(each.mean(axis=0), dtype=np.float32)


def _times(matrices: Array, vectors: Array) -> Array:
    """[K, N, M] x [K, M] -> [K, N]."""
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def save_net(net: CausalNet, path: Path) -> None:
    """Writes the weights as .npz, whole or not at all. Raises OutputError."""
    arrays: dict[str, Any] = {  # the stubs of savez take a name for its `allow_pickle`
        "format": np.array(FORMAT),
        "first": net.first,
        "first_bias": net.first_bias,
        "last": net.last,
        "last_bias": net.last_bias,
        "dilations": np.array([layer.dilation for layer in net.layers]),
    }
    for number, layer in enumerate(net.layers):
        for name in ("taps", "taps_bias", "mix", "mix_bias"):
            arrays[f"{name}_{number}"] = getattr(layer, name)
    for name, value in net.settings.items():
        arrays[f"setting_{name}"] = np.array(float(value))
    with replacing(path) as part, writing(path), part.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load_net(path: Path, inputs: int, outputs: int, needed: Sequence[str]) -> CausalNet:
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
    numbers = (*_arrays_of(net), np.array(list(net.settings.values())))
    if not all(np.isfinite(array).all() for array in numbers):
        raise ModelError(f"{path} holds numbers that are not finite: train it anew")
    return net


def _fits(net: CausalNet, inputs: int, outputs: int) -> bool:
    """Whether all shapes belong together."""
    if net.first_bias.ndim != 2 or net.first_bias.size == 0:
        return False
    k, channels = net.first_bias.shape
    layer_shapes = (
        (k, channels, TAPS * channels), (k, channels), (k, channels, channels), (k, channels),
    )  # fmt: skip
    ends = ((k, channels, inputs), (k, channels), (k, outputs, channels), (k, outputs))
    wanted = (*ends, *(layer_shapes * len(net.layers)))
    steps = sum(layer.dilation for layer in net.layers)
    return (
        tuple(array.shape for array in _arrays_of(net)) == wanted
        and all(layer.dilation >= 1 for layer in net.layers)
        and steps * k * channels <= _MOST_MEMORY
    )


def _arrays_of(net: CausalNet) -> tuple[Array, ...]:
    layers = [(layer.taps, layer.taps_bias, layer.mix, layer.mix_bias) for layer in net.layers]
    ends = (net.first, net.first_bias, net.last, net.last_bias)
    return (*ends, *(array for layer in layers for array in layer))


def _net_of(arrays: Mapping[str, NDArray]) -> CausalNet:
    def weights(name: str) -> Array:
        return np.ascontiguousarray(arrays[name], dtype=np.float32)

    layers = tuple(
        Layer(
            int(dilation),
            *(weights(f"{name}_{n}") for name in ("taps", "taps_bias", "mix", "mix_bias")),
        )
        for n, dilation in enumerate(arrays["dilations"])
    )
    prefix = "setting_"
    settings = {
        name.removeprefix(prefix): float(value)
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
    first = (weights("first"), weights("first_bias"))
    return CausalNet(*first, layers, weights("last"), weights("last_bias"), settings)
