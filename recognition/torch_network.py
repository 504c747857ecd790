"""SelfME in torch behind the same recogniser, from the .safetensors that mer-train wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from recognition.classifiers.selfme import SelfmeNet, load_selfme, model_metadata
from recognition.explain.selfme import explain
from recognition.files.model_file import ModelFile
from streamer.core.errors import InstallError


class TorchNetwork:
    """The network as a function of named arrays.

    Raises:
        ModelError: not a SelfME network of mer-train. InstallError: no CUDA where it is asked for.
    """

    def __init__(self, model: ModelFile, device: str) -> None:
        self.path = model.path
        self._device = _device(device)
        self._net, facts = load_selfme(model, self._device)
        self.metadata = model_metadata(
            self._net.config, facts.get("emotions", ""), facts.get("temperature", "1")
        )

    @torch.inference_mode()
    def __call__(self, outputs: Sequence[str], inputs: Mapping[str, NDArray]) -> list[NDArray]:
        """Of "logits" and "motion" for faces ("onset" and "apex") or a "flow"."""
        given = [
            torch.from_numpy(np.ascontiguousarray(value)).to(self._device)
            for value in inputs.values()
        ]
        logits, motion = (self._net.from_motion if "flow" in inputs else self._net)(*given)
        found = {"logits": logits, "motion": motion}
        return [found[name].cpu().numpy() for name in outputs]

    def explain(
        self, onset: NDArray[np.uint8], apex: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Keypoints and GradCAM of a pair; on the processor."""
        found = explain(self._on_cpu, onset, apex)
        points = None if found.keypoints is None else np.stack(found.keypoints)
        return points, found.attention

    @cached_property
    def _on_cpu(self) -> SelfmeNet:
        return deepcopy(self._net).cpu()


def _device(name: str) -> str:
    if name == "cuda" and not torch.cuda.is_available():
        raise InstallError("torch finds no CUDA device: use the device cpu, or auto")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"
