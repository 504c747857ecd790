"""What an ONNX file must be before ONNX Runtime sees it: well-formed, bounded, whole in itself.

A model may come from a stranger. Its tensors can be declared to lie in another file (`external
data`), at a path that the model chooses; such models are refused, for ours never are. The check
reads the file's protobuf structure (onnx.proto3) and copies nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamer.core.errors import ModelError

MOST_NODES, MOST_FIELDS = 100_000, 5_000_000
_DEEPEST = 32
_CURE = "export it again with mer-train, or restore the file"

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TENSOR, _NODE = "tensor", "node"
# Message -> field number -> message inside it; of onnx.proto3.
_INSIDE: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function", 8: "opset"},
    "graph": {1: _NODE, 5: _TENSOR, 15: "sparse"},
    _NODE: {5: "attribute"},
    "attribute": {
        **{5: _TENSOR, 6: "graph", 10: _TENSOR, 11: "graph", 22: "sparse", 23: "sparse"},
    },
    "sparse": {1: _TENSOR, 2: _TENSOR},
    "function": {7: _NODE, 11: "attribute"},
    "training": {1: "graph", 2: "graph"},
    _TENSOR: {},
    "opset": {},
}
_LOCATION, _EXTERNAL = 14, 13  # of a tensor


@dataclass(frozen=True, slots=True)
class OnnxFacts:
    """What a message about a model that cannot be opened should name."""

    ir_version: int
    opset: int  # the highest it asks for


def check_onnx(data: bytes, path: Path) -> OnnxFacts:
    """Walk over all messages of a model.

    Raises:
        ModelError: damaged, more nodes than any model of ours, or tensors in other files.
    """
    nodes = fields = ir_version = opset = 0
    todo: list[tuple[str, int, memoryview]] = [("model", 0, memoryview(data))]
    while todo:
        kind, depth, message = todo.pop()
        nodes += kind == _NODE
        try:
            for number, value in _fields(message):
                fields += 1
                if max(nodes / MOST_NODES, fields / MOST_FIELDS, depth / _DEEPEST) > 1.0:
                    raise ModelError(f"model {path} has more parts than any of ours: {_CURE}")
                if isinstance(value, memoryview):
                    if kind == _TENSOR and number == _EXTERNAL:
                        raise ModelError(
                            f"model {path} refused: its weights lie in another file, which could "
                            f"be any; {_CURE}"
                        )
                    if number in _INSIDE[kind]:
                        todo.append((_INSIDE[kind][number], depth + 1, value))
                elif kind == "model" and number == 1:
                    ir_version = value
                elif kind == "opset" and number == 2:
                    opset = max(opset, value)
                elif kind == _TENSOR and number == _LOCATION and value:
                    raise ModelError(f"model {path} refused: its weights lie in another file")
        except (ValueError, IndexError) as error:
            raise ModelError(f"model {path} is no ONNX file ({error}): {_CURE}") from None
    return OnnxFacts(ir_version, opset)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field number and value of a protobuf message. Raises ValueError or IndexError if damaged."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        wire = key & 7
        if wire == _VARINT:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            length, place = _varint(message, place)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"a field of kind {wire}")
        if place + length > len(message):
            raise ValueError("it ends in the middle")
        yield key >> 3, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number that does not end")
