"""SelfME and FRL-DGT in torch behind the same recogniser, from the .safetensors of mer-train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recognition.classifiers import frl_dgt
from recognition.classifiers.selfme import SelfmeNet, load_selfme, model_metadata
from recognition.explain.selfme import explain
from recognition.files.model_file import ModelFile
from recognition.files.safetensors_file import read_safetensors
from streamer.core.errors import InstallError


class TorchNetwork:
    """The network as a function of named arrays.

    Raises:
        ModelError: no network of mer-train. InstallError: no CUDA where it is asked for.
    """

    def __init__(self, model: ModelFile, device: str) -> None:
        self.path = model.path
        self._device = _device(device)
        self._net, self.metadata = _open(model, self._device)

    @torch.inference_mode()
    def __call__(self, outputs: Sequence[str], inputs: Mapping[str, NDArray]) -> list[NDArray]:
        """Of "logits" and "motion" for faces ("onset" and "apex") or a "flow"."""
        given = [
            torch.from_numpy(np.ascontiguousarray(value)).to(self._device)
            for value in inputs.values()
        ]
        ask = self._net
        if "flow" in inputs and isinstance(ask, SelfmeNet):
            ask = ask.from_motion
        logits, motion = ask(*given)
        found = {"logits": logits, "motion": motion}
        return [found[name].cpu().numpy() for name in outputs]

    def explain(
        self, onset: NDArray[np.uint8], apex: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Keypoints and GradCAM of a pair; on the processor. SelfME only: see `explains`."""
        found = explain(self._on_cpu, onset, apex)
        points = None if found.keypoints is None else np.stack(found.keypoints)
        return points, found.attention

    @property
    def explains(self) -> bool:
        """Whether `explain` can be asked."""
        return isinstance(self._net, SelfmeNet)

    @cached_property
    def _on_cpu(self) -> SelfmeNet:
        return deepcopy(self._net).cpu()


def _open(model: ModelFile, device: str) -> tuple[Any, dict[str, str]]:
    """The network, whichever it is, and what it says of itself."""
    if frl_dgt.KEY in read_safetensors(model)[1]:
        net, facts = frl_dgt.load_frl_dgt(model, device)
        describe: Any = frl_dgt.model_metadata
    else:
        net, facts = load_selfme(model, device)  # type: ignore[assignment]
        describe = model_metadata
    own = describe(net.config, facts.get("emotions", ""), facts.get("temperature", "1"))
    return net, own


def _device(name: str) -> str:
    if name == "cuda" and not torch.cuda.is_available():
        raise InstallError("torch finds no CUDA device: use the device cpu, or auto")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"
