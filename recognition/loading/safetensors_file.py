"""Opens .safetensors files of strangers: regular files only, and every damage is a ModelError."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from streamer.core.errors import ModelError, SourceRefusedError
from streamer.core.files.regular import require_regular

LARGEST_BYTES = 2 * 2**30


def read_safetensors(path: Path, device: str = "cpu") -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the metadata.

    Raises:
        ModelError: no regular file, larger than any of ours, damaged or of another format.
    """
    if path.suffix != ".safetensors":
        raise ModelError(f"{path}: give a .safetensors file of mer-train; pickles are not read")
    try:
        require_regular(path, str(path), "give weights of mer-train")
        if path.stat().st_size > LARGEST_BYTES:
            raise ModelError(f"{path} is larger than {LARGEST_BYTES // 2**30} GB: none of ours is")
        with safe_open(str(path), framework="pt", device=device) as file:
            facts = dict(file.metadata() or {})
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118
    except SourceRefusedError as error:
        raise ModelError(str(error)) from None
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path} cannot be read ({reason}): give weights of mer-train") from error
