"""SelfME in torch behind the same recogniser, from the .safetensors that mer-train wrote."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from recognition.config import RecognizerConfig
from recognition.selfme.fingerprint import motion_fingerprint
from recognition.selfme.network import SelfmeNet, load_selfme
from recognition.selfme.recognizer import Look, SelfmeFacts, SelfmeRecognizer
from recognition.selfme.settings import face_of
from streamer.core.errors import InstallError, ModelError
from streamer.core.ranges import show
from streamer.core.records import EMOTIONS


def open_in_torch(path: Path, config: RecognizerConfig) -> SelfmeRecognizer:
    """The recogniser of a .safetensors file.

    Raises:
        ModelError: not a SelfME network of mer-train. InstallError: no CUDA where it is asked for.
    """
    net, metadata = load_selfme(path, _device(config.device))
    own = net.config
    if metadata.get("emotions") != ",".join(EMOTIONS):
        raise ModelError(f"{path} knows other classes than {', '.join(EMOTIONS)}: train it again")
    facts = SelfmeFacts(
        own.motion,
        own.size_px,
        own.amplification,
        _temperature(metadata, path),
        motion_fingerprint(own.motion, face_of(own.size_px)),
    )
    look = _look_with(net) if config.keep_motion else None
    return SelfmeRecognizer(path, facts, _TorchNetwork(net), config, look)


def _look_with(net: SelfmeNet) -> Look:
    """Keypoints and GradCAM of a pair, by `explain`; on the processor."""
    from recognition.explain.selfme import explain

    on_cpu = deepcopy(net).cpu()

    def look(
        onset: NDArray[np.uint8], apex: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        found = explain(on_cpu, onset, apex)
        points = None if found.keypoints is None else np.stack(found.keypoints)
        return points, found.attention

    return look


class _TorchNetwork:
    """Arrays in, arrays out."""

    def __init__(self, net: SelfmeNet) -> None:
        self._net = net
        self._device = next(net.parameters()).device

    @torch.inference_mode()
    def __call__(
        self, inputs: Mapping[str, NDArray]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        given = {
            name: torch.from_numpy(np.ascontiguousarray(value)).to(self._device)
            for name, value in inputs.items()
        }
        ask = self._net.from_motion if "flow" in given else self._net
        logits, motion = ask(*given.values())
        return logits.cpu().numpy(), motion.cpu().numpy()


def _temperature(metadata: Mapping[str, str], path: Path) -> float:
    with contextlib.suppress(ValueError):
        temperature = float(metadata.get("temperature", "1"))
        if 0.0 < temperature < math.inf:
            return temperature
    raise ModelError(f"{path} has the temperature {show(metadata['temperature'])}: export it again")


def _device(name: str) -> str:
    if name == "cuda" and not torch.cuda.is_available():
        raise InstallError("torch finds no CUDA device: use the device cpu, or auto")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"
