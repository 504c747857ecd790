"""Rewrites a small convolutional network so that ONNX Runtime's CPU provider runs it fast.

It takes the graphs that tf2onnx makes of MediaPipe's face models (Conv, Add, Relu, PRelu, MaxPool,
Pad along the channels) and writes the same function, exact but for the rounding of floats, with
operators that stay in the provider's blocked layout (NCHWc) from the first convolution to the last:

* PRelu (slope a) is slow there, and any product with one factor a channel leaves the layout. With a
  scale s a channel, so that a true value is s times the stored one, it is

      s > 0:  PRelu(s z) = a s (z + (1 - a) / a relu(z))
      s < 0:  PRelu(s z) =   s (z - (1 - a)     relu(z))

  whose first factor becomes the scale of the result: a Relu, a depthwise convolution by one number
  a channel and an Add that the provider fuses into it. The scales end in the weights of the next
  convolutions.
* A maximum does not commute with a negative scale: before a MaxPool both terms are multiplied out.
* Channels are filled up to a multiple of 16 with zeros, so a Pad is nothing, or a convolution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

BLOCK = 16  # channels that the provider handles together, with AVX-512
OPSET, IR_VERSION = 13, 7  # read by every onnxruntime since 1.6

Array = NDArray[np.float64]


class Builder:
    """Collects the nodes and the constants of a graph."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """A node; the name of what it gives."""
        output = output or f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, array: NDArray) -> str:
        """The name of a constant; floats become single."""
        array = np.ascontiguousarray(array, np.float32 if array.dtype.kind == "f" else None)
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def conv(self, source: str, weight: Array, bias: Array, **attributes: Any) -> str:
        """A convolution with weight [out, in, kh, kw] and bias [out]."""
        shape = {"kernel_shape": list(weight.shape[2:])}
        constants = [self.constant(weight), self.constant(bias)]
        return self.add("Conv", [source, *constants], **(shape | attributes))

    def per_channel(self, source: str, factors: Array) -> str:
        """Each channel times a number, as the depthwise convolution that stays in the layout."""
        weight = factors[:, None, None, None]
        return self.conv(source, weight, np.zeros(len(factors)), group=len(factors))

    def model(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """The checked model."""
        graph = helper.make_graph(self._nodes, name, inputs, outputs, self._constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
        model.producer_name = "mer-stream benchmarks.make_face_models"
        onnx.checker.check_model(model, full_check=True)
        return model


class Rewriter:
    """Walks the convolutional part of a graph; `names` and `scales` tell what became of a tensor.

    Args:
        graph: as converted, NCHW behind its first Transpose.
        builder: what the new nodes go into.
        source: name in the builder of the NCHW picture [N, 3, H, W].
        scale: of the picture: true values are `scale` times what `source` holds.
    """

    def __init__(self, graph: Any, builder: Builder, source: str, scale: float) -> None:
        self._graph, self._builder = graph, builder
        self._constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        self._uses: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self._uses.setdefault(name, []).append(node)
        first = next(node for node in graph.node if node.op_type == "Transpose")
        self.names: dict[str, str] = {first.output[0]: source}
        self.scales: dict[str, Array] = {first.output[0]: np.full(3, scale)}

    def walk(self) -> None:
        """Rewrite all nodes whose inputs are known; heads (Transpose, Reshape) are left out."""
        steps = {
            "Conv": self._conv, "Add": self._sum, "Relu": self._relu, "PRelu": self._prelu,
            "MaxPool": self._pool, "Pad": self._pad,
        }  # fmt: skip
        for node in self._graph.node:
            if node.op_type in steps and node.input[0] in self.names and not self.is_head(node):
                name, scale = steps[node.op_type](node)
                self.names[node.output[0]], self.scales[node.output[0]] = name, scale

    def is_head(self, node: Any) -> bool:
        """Whether a convolution is the last one of its branch."""
        uses = self._uses.get(node.output[0], [])
        return node.op_type == "Conv" and all(n.op_type in ("Transpose", "Reshape") for n in uses)

    def heads(self) -> dict[str, Any]:
        """The last convolutions by the name of what they give."""
        return {node.output[0]: node for node in self._graph.node if self.is_head(node)}

    def weight_bias(self, node: Any) -> tuple[Array, Array]:
        """What a convolution is on stored values: the scale of its input is in the weight."""
        weight = self._constants[node.input[1]].astype(np.float64)
        scale = self.scales[node.input[0]]
        if attributes_of(node)["group"] > 1:
            weight = _filled(weight, len(scale), 0) * scale[:, None, None, None]
        else:
            weight = _filled(weight, len(scale), 1) * scale[None, :, None, None]
        return weight, self._constants[node.input[2]].astype(np.float64)

    def _conv(self, node: Any) -> tuple[str, Array]:
        weight, bias = self.weight_bias(node)
        width = -(-len(weight) // BLOCK) * BLOCK
        weight, bias = _filled(weight, width, 0), _filled(bias, width, 0)
        scale = self._scale_of_partner(node)
        scale = np.ones(width) if scale is None else scale
        found = attributes_of(node)
        kept = {key: found[key] for key in ("strides", "pads") if key in found}
        group = width if found["group"] > 1 else 1
        weight = weight / scale[:, None, None, None]
        name = self._builder.conv(
            self.names[node.input[0]], weight, bias / scale, group=group, **kept
        )
        return name, scale

    def _scale_of_partner(self, node: Any) -> Array | None:
        """The scale of what will be added to a convolution, which has to share it."""
        uses = self._uses[node.output[0]]
        if len(uses) != 1 or uses[0].op_type != "Add":
            return None
        others = [name for name in uses[0].input if name != node.output[0]]
        return self.scales.get(others[0])

    def _sum(self, node: Any) -> tuple[str, Array]:
        first, second = node.input
        if not np.array_equal(self.scales[first], self.scales[second]):
            raise ValueError(f"{first} and {second} have different scales")
        return self._builder.add("Add", [self.names[first], self.names[second]]), self.scales[first]

    def _relu(self, node: Any) -> tuple[str, Array]:
        self._require_positive(node)
        return self._builder.add("Relu", [self.names[node.input[0]]]), self.scales[node.input[0]]

    def _prelu(self, node: Any) -> tuple[str, Array]:
        z, scale = self.names[node.input[0]], self.scales[node.input[0]]
        slope = _filled(self._constants[node.input[1]].ravel().astype(np.float64), len(scale), 0)
        below = np.where(scale > 0, slope * scale, scale)  # PRelu(s z) = below z + above relu(z)
        above = (1.0 - slope) * abs(scale)
        build = self._builder
        positive = build.add("Relu", [z])
        if any(user.op_type == "MaxPool" for user in self._uses[node.output[0]]):
            terms = [build.per_channel(z, below), build.per_channel(positive, above)]
            return build.add("Add", terms), np.ones(len(scale))
        if not below.all():
            raise ValueError(f"{node.output[0]} has a slope of 0: it cannot be a scale")
        return build.add("Add", [build.per_channel(positive, above / below), z]), below

    def _pool(self, node: Any) -> tuple[str, Array]:
        self._require_positive(node)
        kept = {key: attributes_of(node)[key] for key in ("strides", "kernel_shape")}
        name = self._builder.add("MaxPool", [self.names[node.input[0]]], **kept)
        return name, self.scales[node.input[0]]

    def _pad(self, node: Any) -> tuple[str, Array]:
        """Zero channels behind the others: there already, or made by a convolution."""
        old = self.scales[node.input[0]]
        true = self._channels(node.input[0]) + int(self._constants[node.input[1]][5])
        width = -(-true // BLOCK) * BLOCK
        if width == len(old):
            return self.names[node.input[0]], old
        weight = _filled(np.diag(old), width, 0)[:, :, None, None]
        name = self._builder.conv(self.names[node.input[0]], weight, np.zeros(width))
        return name, np.ones(width)

    def _channels(self, name: str) -> int:
        """Channels of a tensor of the graph as converted."""
        node = next(node for node in self._graph.node if node.output[0] == name)
        if node.op_type == "Conv":
            return len(self._constants[node.input[1]])
        grown = int(self._constants[node.input[1]][5]) if node.op_type == "Pad" else 0
        return self._channels(node.input[0]) + grown

    def _require_positive(self, node: Any) -> None:
        if not (self.scales[node.input[0]] > 0).all():
            raise ValueError(f"{node.op_type} does not commute with a negative scale")


def attributes_of(node: Any) -> Mapping[str, Any]:
    """The attributes of a node by name."""
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}


def _filled(array: Array, size: int, axis: int) -> Array:
    """`array` with zeros behind it along an axis, up to `size`."""
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, size - array.shape[axis])
    return np.pad(array, widths)
