"""Writes a trained ensemble: ONNX with metadata, safetensors, sha256; and compares the numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from recognition.classifiers.base import probabilities
from recognition.classifiers.ensemble import ViewEnsemble
from recognition.config import MapConfig
from recognition.fingerprint import preprocessing_fingerprint
from recognition.loading import load_map_classifier
from streamer.core.errors import ModelError
from streamer.core.records import CLASSES, UNITS
from training.common.onnx_graph import to_graph

PARITY = 1e-4  # largest difference of a probability between torch and ONNX Runtime


def export_ensemble(model: ViewEnsemble, folder: Path, name: str, temperature: float) -> Path:
    """Writes `name`.onnx and `name`.safetensors into the folder and returns the ONNX path."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "fingerprint": preprocessing_fingerprint(MapConfig()),
        "emotions": ",".join(CLASSES),
        "units": ",".join(UNITS),
        "temperature": repr(temperature),
        "network": json.dumps(asdict(model.config)),
    }
    graph = onnx.load_from_string(to_onnx(model))
    onnx.helper.set_model_props(graph, facts)
    path = folder / f"{name}.onnx"
    onnx.checker.check_model(graph, full_check=True)
    path.write_bytes(graph.SerializeToString())
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    (folder / f"{name}.safetensors").write_bytes(save(weights, metadata=facts))
    return path


def to_onnx(model: ViewEnsemble) -> bytes:
    """The ONNX graph: input `maps` uint8 [N, 28, 28, 3], outputs as `ViewEnsemble.tell`."""
    size = model.config.map_size
    maps = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    return to_graph(_Told(model), {"maps": maps}, ["logits", "units", "strengths"], opset=17)


class _Told(nn.Module):
    def __init__(self, model: ViewEnsemble) -> None:
        super().__init__()
        self.model = model

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.model.tell(maps)


def check_parity(
    model: ViewEnsemble, path: Path, maps: NDArray[np.uint8], temperature: float
) -> float:
    """Largest difference of a probability, of classes and units, between torch and ONNX Runtime.

    Raises:
        ModelError: it is larger than `PARITY`.
    """
    with torch.no_grad():
        logits, *expected = (part.numpy() for part in model.eval().tell(torch.from_numpy(maps)))
    ours, units = load_map_classifier(path).of_maps(maps)
    pairs = [(probabilities(ours, temperature), probabilities(logits, temperature))]
    if units is not None:
        pairs += zip(units, expected, strict=True)
    difference = max(float(np.abs(one - two).max()) for one, two in pairs)
    if not difference <= PARITY:
        raise ModelError(f"{path} differs from torch by {difference:.1e} (limit {PARITY:.0e})")
    return difference
