"""`mer-train export`: a trained SelfME as ONNX, compared with torch before it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recognition.classifiers.selfme import SelfmeNet, model_metadata, without_generator
from recognition.files.model_file import read_model
from recognition.session import OnnxNetwork
from streamer.core.errors import ModelError
from streamer.core.files.atomic import write_file
from training.common.onnx_graph import to_graph

PARITY = 1e-4  # largest difference of a probability, and of the motion in px, torch against ONNX
_OPSET = 17  # grid_sample needs 16
_LARGE = 1024  # bytes
Example = Callable[[int], dict[str, NDArray]]  # inputs of so many pairs, by name


class _FromFaces(nn.Module):
    """Two faces in."""

    def __init__(self, net: SelfmeNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, onset: Tensor, apex: Tensor) -> tuple[Tensor, Tensor]:
        return self.net(onset, apex)


class _FromMotion(nn.Module):
    """A flow field in."""

    def __init__(self, net: SelfmeNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, flow: Tensor) -> tuple[Tensor, Tensor]:
        return self.net.from_motion(flow)


def export_selfme(net: SelfmeNet, path: Path, facts: Mapping[str, str]) -> dict[str, float]:
    """Writes the ONNX file, if it answers as torch does; returns the largest differences.

    Inputs: `onset`, `apex` uint8 [N, S, S, 3] RGB; for a classical flow `flow` float32
    [N, 2, S, S] px. Outputs: `logits` [N, C] and the amplified `motion` [N, 2, S, S] px.

    Raises:
        ModelError: a probability or a motion differs by more than `PARITY`.
        OutputError: the file cannot be written.
    """
    net = without_generator(net).cpu().eval()
    stamped = model_metadata(net.config, facts["emotions"], facts["temperature"])
    return export_checked(_asked(net), example_of(net), path, stamped)


def export_checked(
    module: nn.Module, example: Example, path: Path, stamped: Mapping[str, str]
) -> dict[str, float]:
    """As `export_selfme`, of any module that gives logits and motion of an example's inputs."""
    graph = onnx.load_from_string(graph_of(module, example))
    share_constants(graph)
    onnx.helper.set_model_props(graph, dict(stamped))
    onnx.checker.check_model(graph, full_check=True)
    trial = path.with_name(f".{path.stem}.trial.onnx")
    write_file(trial, graph.SerializeToString())
    try:
        differences = compare(module, example, trial, float(stamped["temperature"]))
        worst = max(differences.values())
        if not worst <= PARITY:
            raise ModelError(
                f"{path} would differ from torch by {worst:.1e} (limit {PARITY:.0e}): {differences}"
            )
        trial.replace(path)
    finally:
        trial.unlink(missing_ok=True)
    return differences


def to_onnx(net: SelfmeNet) -> bytes:
    """The graph with a dynamic batch."""
    return graph_of(_asked(net), example_of(net))


def graph_of(module: nn.Module, example: Example) -> bytes:
    """The same of any module."""
    tensors = {name: torch.from_numpy(value) for name, value in example(2).items()}
    return to_graph(module, tensors, ["logits", "motion"], _OPSET)


def share_constants(model: Any) -> None:
    """The exporter writes a buffer anew wherever it is used: keep one of equal constants."""
    first: dict[bytes, str] = {}
    renamed: dict[str, str] = {}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Constant" and len(node.attribute[0].t.raw_data) >= _LARGE:
            tensor = node.attribute[0].t
            key = f"{tensor.data_type} {list(tensor.dims)} ".encode() + tensor.raw_data
            renamed[node.output[0]] = first.setdefault(key, node.output[0])
            if renamed[node.output[0]] != node.output[0]:
                continue
        nodes.append(node)
    for node in nodes:
        for place, name in enumerate(node.input):
            node.input[place] = renamed.get(name, name)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def compare(
    module: nn.Module, example: Example, path: Path, temperature: float
) -> dict[str, float]:
    """Largest differences between torch and ONNX Runtime (CPU), for several batch sizes."""
    ask = OnnxNetwork(read_model(path), "cpu", 1)
    found = {"probability": 0.0, "motion_px": 0.0}
    for count in (1, 3, 2):
        inputs = example(count)
        logits, motion = ask(("logits", "motion"), inputs)
        with torch.no_grad():
            ours = module(*(torch.from_numpy(value) for value in inputs.values()))
        ours_p = (ours[0] / temperature).softmax(dim=-1).numpy()
        theirs = (torch.from_numpy(logits) / temperature).softmax(dim=-1).numpy()
        found["probability"] = max(found["probability"], _gap(ours_p, theirs))
        found["motion_px"] = max(found["motion_px"], _gap(ours[1].numpy(), motion))
    return found


def _asked(net: SelfmeNet) -> nn.Module:
    return _FromMotion(net) if net.learner is None else _FromFaces(net)


def example_of(net: SelfmeNet) -> Example:
    """Soft random faces, or a soft random flow where that is what the network takes."""
    size = net.config.size_px
    if net.learner is None:
        return lambda count: {"flow": (0.5 * _soft(count, size)[:, :2]).numpy()}
    return lambda count: soft_faces(count, size)


def soft_faces(count: int, size_px: int) -> dict[str, NDArray]:
    """Soft random faces that move by a pixel or two: `onset`, `apex` uint8 [N, S, S, 3]."""
    soft = _soft(count, size_px)
    faces = (128 + 50 * soft).clamp(0, 255).permute(0, 2, 3, 1).to(torch.uint8).contiguous()
    moved = faces.roll((1, 1), dims=(1, 2)).contiguous()
    return {"onset": faces.numpy(), "apex": moved.numpy()}


def _soft(count: int, size_px: int) -> Tensor:
    rng = np.random.default_rng(count)
    coarse = torch.from_numpy(rng.normal(size=(count, 3, 16, 16)).astype(np.float32))
    return torch.nn.functional.interpolate(coarse, (size_px, size_px), mode="bicubic")


def _gap(a: NDArray, b: NDArray) -> float:
    return float(np.abs(a - b).max())
