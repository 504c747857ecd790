"""A model's file: found, read once, hashed once, and compared with the model card beside it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from streamer.core.errors import ModelError, SourceRefusedError
from streamer.core.files.regular import open_regular
from streamer.core.files.strict_json import Each, check_shape, parse_json

BUNDLED = Path(__file__).parents[1] / "weights" / "scvit_synthetic.onnx"
CARD = "model_card.json"
# The published size of SelfME has some 200 MB as ONNX; checkpoints hold an optimiser too.
LARGEST_BYTES = {".onnx": 512 * 2**20, ".safetensors": 2 * 2**30}
_LARGEST_CARD = 1_000_000  # bytes
_PICKLES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt"})


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The whole file as it was read; `sha256` is of exactly these bytes."""

    path: Path
    data: bytes = field(repr=False)
    sha256: str


def find_model(path: str | Path, suffix: str = ".onnx") -> Path:
    """The file with `suffix` that a file or a folder means. Nothing is opened.

    Raises:
        ModelError: nothing there, a pickle (refused, never loaded), another kind of file, or not
            one such file in the folder.
    """
    model = Path(path)
    if model.suffix.lower() in _PICKLES:
        raise ModelError(
            f"model {model} refused: {model.suffix} files are pickles, which can run code when "
            f"they are loaded; give the {suffix} file that mer-train exports"
        )
    if model.is_dir():
        model = _only_one(model, suffix)
    elif model.suffix.lower() != suffix and model.exists():
        raise ModelError(f"model {model} is no {suffix} file: give one that mer-train exported")
    if not model.exists():
        raise ModelError(f"model {model} not found: give a file or folder that is there")
    return model


def read_model(path: Path) -> ModelFile:
    """The bytes of a model and their sha256, compared with the card if it knows the file.

    Raises:
        ModelError: it is no regular file, too large, cannot be read, or is not the file that the
            card describes.
    """
    data = read_bounded(path, LARGEST_BYTES.get(path.suffix.lower(), LARGEST_BYTES[".onnx"]))
    model = ModelFile(path, data, hashlib.sha256(data).hexdigest())
    expected = _expected_sha256(path)
    if expected not in (None, model.sha256):
        raise ModelError(
            f"model {path} has sha256 {model.sha256[:16]}..., its card says {expected[:16]}...: "
            "the file is damaged or was exchanged; restore it, or remove the card if the change "
            "was meant"
        )
    return model


def read_card(card: Path) -> dict[str, str]:
    """The sha256 of each file that a model card describes.

    Raises:
        ModelError: it is no regular file, too large, or no such card.
    """
    try:
        facts = parse_json(read_bounded(card, _LARGEST_CARD))
        found = check_shape(facts, {"sha256?": Each(str)}).get("sha256", {})
    except ValueError as error:
        reason = str(error)[:200]
        raise ModelError(f"{card} is not a readable model card: {reason}; restore it") from None
    return dict(found)


def read_bounded(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most `most` bytes.

    Raises:
        ModelError: it is none, or cannot be read.
    """
    try:
        with open_regular(path, f"model {path}", "give a model file") as file:
            # A file that is too large by its own size is not read at all; one may still grow.
            is_small = os.fstat(file.fileno()).st_size <= most
            data = file.read(most + 1) if is_small else b""
    except SourceRefusedError as error:
        raise ModelError(str(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"model {path} cannot be read: {reason}; restore the file") from None
    if not is_small or len(data) > most:
        raise ModelError(f"model {path} is larger than {most // 2**20} MB: no model of ours is")
    return data


def _expected_sha256(model: Path) -> str | None:
    """What the card beside the model says of it; only the bundled model must have one."""
    card = model.with_name(CARD)
    expected = read_card(card).get(model.name) if card.exists() else None
    if expected is None and model == BUNDLED:
        raise ModelError(
            f"{card} is missing or does not know {model.name}: the installation is damaged; "
            "reinstall mer-stream"
        )
    return expected


def _only_one(folder: Path, suffix: str) -> Path:
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise ModelError(
            f"folder {folder} must hold one {suffix} file (found: {names}); give the file"
        )
    return found[0]
