"""Opens whatever `--model` and `--motion` mean: a file, a folder, a hub repository, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.config import RecognizerConfig
from recognition.loading.hub import fetch_model, is_hub_reference
from recognition.loading.session import ask, metadata_of, open_session
from recognition.loading.weights_check import BUNDLED, check_sha256, resolve_model
from recognition.onnx_recognizer import OnnxRecognizer
from recognition.selfme.recognizer import Network, SelfmeRecognizer, facts_of
from streamer.core.errors import InstallError, ModelError, UsageError

AnyRecognizer = OnnxRecognizer | SelfmeRecognizer


def open_recognizer(
    model: str | Path | None = None, config: RecognizerConfig | None = None
) -> AnyRecognizer:
    """The recogniser for a model; None: the one that comes with the package for `config.motion`.

    Raises:
        ModelError: nothing there, a pickle, damaged, or made for another motion or preprocessing.
        InstallError: the torch backend without torch. UsageError: torch with the bundled maps.
    """
    config = config or RecognizerConfig()
    path = find_model(model, config)
    if config.backend == "torch":
        return _in_torch(path, config)
    session = open_session(path, config.device, config.threads)
    metadata = metadata_of(session, path)
    if metadata.get("kind") != "selfme":
        return OnnxRecognizer(path, config)
    return SelfmeRecognizer(path, facts_of(metadata, path), _run(session, path), config)


def find_model(model: str | Path | None, config: RecognizerConfig) -> Path:
    """The file that `open_recognizer` opens, fetched from a hub if need be, its card checked.

    Raises ModelError, InstallError and UsageError as `open_recognizer`.
    """
    if model is None:
        model = bundled(config.motion)
    elif is_hub_reference(str(model)):
        suffix = ".safetensors" if config.backend == "torch" else ".onnx"
        model = fetch_model(str(model), suffix=suffix, offline=config.offline)
    return _for_torch(Path(model)) if config.backend == "torch" else resolve_model(model)


def bundled(motion: str) -> Path:
    """The model that comes with the package for a motion method.

    Raises:
        ModelError: there is none for it.
    """
    if motion in ("auto", "dis"):
        return BUNDLED
    folder = BUNDLED.parent / motion
    if not folder.is_dir():
        raise ModelError(
            f"no model for motion {motion} comes with this version: give one with --model, or use "
            "--motion dis"
        )
    return folder


def _for_torch(path: Path) -> Path:
    if path == BUNDLED:
        raise UsageError(
            "the backend torch runs SelfME models only: give one with --model, or --motion selfme"
        )
    if path.is_dir():
        found = sorted(path.glob("*.safetensors"))
        if len(found) != 1:
            raise ModelError(f"folder {path} must hold one .safetensors file; give the file")
        path = found[0]
    if path.suffix != ".safetensors":
        raise ModelError(f"model {path}: the backend torch reads .safetensors files")
    if not path.is_file():
        raise ModelError(f"model {path} not found: give a .safetensors file of mer-train")
    check_sha256(path)
    return path


def _in_torch(path: Path, config: RecognizerConfig) -> SelfmeRecognizer:
    try:
        from recognition.selfme.torch_backend import open_in_torch
    except ImportError as error:
        raise InstallError(
            f'the backend torch needs torch ({error}): pip install "mer-stream[train]", or use '
            "the backend onnx"
        ) from error
    return open_in_torch(path, config)


def _run(session: Any, path: Path) -> Network:
    def network(inputs: Mapping[str, NDArray]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        logits, motion = ask(session, path, ("logits", "motion"), inputs)
        return logits, motion

    return network
