"""What a file must pass before it is used as a recognition model."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recognition.loading.onnx_file import read_bounded
from streamer.core.errors import ModelError
from streamer.core.files.strict_json import Each, check_shape, parse_json

BUNDLED = Path(__file__).parents[1] / "weights" / "scvit_synthetic.onnx"
CARD = "model_card.json"
_LARGEST_CARD = 1_000_000  # bytes
_PICKLES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt"})


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the metadata of the ONNX file says."""

    fingerprint: str
    emotions: tuple[str, ...]
    temperature: float


def resolve_model(path: str | Path | None) -> Path:
    """The ONNX file meant by a file, a folder or None (the bundled one); its sha256 is checked.

    Raises:
        ModelError: nothing there, a pickle (refused, never loaded), not one ONNX file in the
            folder, or a sha256 that differs from the model card beside it.
    """
    model = BUNDLED if path is None else Path(path)
    if model.suffix.lower() in _PICKLES:
        raise ModelError(
            f"model {model} refused: {model.suffix} files are pickles, which can run code when "
            "they are loaded; give an .onnx file (mer-train exports one)"
        )
    if not model.exists():
        raise ModelError(f"model {model} not found: give an .onnx file or a folder that holds one")
    if model.is_dir():
        model = _only_onnx(model)
    if model.suffix.lower() != ".onnx":
        raise ModelError(f"model {model} is not an .onnx file: give one that mer-train exported")
    check_sha256(model)
    return model


def check_sha256(model: Path) -> None:
    """Compares the file with the model card beside it, if that card knows the file.

    Raises:
        ModelError: the file is not the one that the card describes.
    """
    card = model.with_name(CARD)
    if not card.exists():
        if model == BUNDLED:
            raise ModelError(
                f"{card} is missing: the installation is damaged; reinstall mer-stream"
            )
        return
    expected = read_card(card).get(model.name)
    if expected is None:
        if model == BUNDLED:
            raise ModelError(f"{card} does not know {model.name}: reinstall mer-stream")
        return
    found = hashlib.sha256(read_bounded(model)).hexdigest()
    if found != expected:
        raise ModelError(
            f"model {model} has sha256 {found[:16]}..., its card says {expected[:16]}...: the file "
            "is damaged or was exchanged; restore it, or remove the card if the change was meant"
        )


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


def read_facts(metadata: Mapping[str, str], model: Path) -> ModelFacts:
    """The facts in the ONNX metadata.

    Raises:
        ModelError: the file was not exported by mer-train.
    """
    try:
        facts = ModelFacts(
            metadata["fingerprint"],
            tuple(metadata["emotions"].split(",")),
            float(metadata["temperature"]),
        )
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"model {model} lacks the metadata of a mer-stream model ({error}): export it with "
            "mer-train"
        ) from error
    if not 0.0 < facts.temperature < math.inf:
        raise ModelError(f"model {model} has temperature {facts.temperature}: export it again")
    return facts


def _only_onnx(folder: Path) -> Path:
    found = sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise ModelError(
            f"folder {folder} must hold one .onnx file (found: {names}); give the file"
        )
    return found[0]
