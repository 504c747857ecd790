"""Opens .safetensors files of strangers: regular files only, and every damage is a ModelError."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from recognition.files.model_file import LARGEST_BYTES, ModelFile, read_bounded
from streamer.core.errors import ModelError
from streamer.core.files.strict_json import Each, check_shape, parse_json

SUFFIX = ".safetensors"


def read_safetensors(
    model: Path | ModelFile, device: str = "cpu"
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the metadata.

    Raises:
        ModelError: no regular file, larger than any of ours, damaged or of another format.
    """
    path = model if isinstance(model, Path) else model.path
    if path.suffix != SUFFIX:
        raise ModelError(f"{path}: give a .safetensors file of mer-train; pickles are not read")
    data = read_bounded(path, LARGEST_BYTES[SUFFIX]) if isinstance(model, Path) else model.data
    try:
        tensors = {name: tensor.to(device) for name, tensor in load(data).items()}
        return tensors, _metadata(data)
    except (ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path} cannot be read ({reason}): give weights of mer-train") from error


def _metadata(data: bytes) -> dict[str, str]:
    """Of the header: its length in eight bytes, then JSON. Raises ValueError."""
    header = parse_json(data[8 : 8 + int.from_bytes(data[:8], "little")])
    found = check_shape(header, {"__metadata__?": Each(str)}).get("__metadata__", {})
    return dict(found)
