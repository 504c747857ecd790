"""The one loader: what `--model` and `--motion` mean, opened once, hashed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from recognition.classifiers.base import FIELDS, MAPS, Classifier, ModelFacts, Network, read_facts
from recognition.classifiers.field_classifier import FieldClassifier
from recognition.classifiers.maps import MapClassifier
from recognition.config import RecognizerConfig
from recognition.files import model_file
from recognition.files.hub import fetch_model, is_hub_reference
from recognition.files.model_file import BUNDLED, ModelFile, read_model
from recognition.recognizer import Explain, Recognizer
from recognition.session import OnnxNetwork
from streamer.core.errors import InstallError, ModelError, UsageError

# A new kind of model is a file in `classifiers` and a line here.
CLASSIFIERS: Mapping[str, Callable[[Network, ModelFacts, RecognizerConfig], Classifier]] = {
    MAPS: MapClassifier,
    FIELDS: FieldClassifier,
}


def load_recognizer(
    model: str | Path | None = None, config: RecognizerConfig | None = None
) -> Recognizer:
    """The recogniser for a model: a file, a folder with one, or owner/name@commit of a hub.

    Args:
        model: None for the one that comes with the package for `config.motion`.

    Raises:
        ModelError: nothing there, a pickle, damaged, or made for another motion or preprocessing.
        InstallError: the torch backend without torch. UsageError: torch with the bundled maps.
    """
    config = config or RecognizerConfig()
    file = read_model(find_model(model, config))
    network, explain = _open(file, config)
    facts = read_facts(network.metadata, file.path)
    if facts.kind not in CLASSIFIERS:
        raise ModelError(
            f"model {file.path} is of the kind {facts.kind[:40]!r}, unknown here: update mer-stream"
        )
    classifier = CLASSIFIERS[facts.kind](network, facts, config)
    return Recognizer(file.path, file.sha256, facts, classifier, config, explain)


def load_map_classifier(
    model: str | Path | None = None, config: RecognizerConfig | None = None
) -> MapClassifier:
    """The classifier of a model on motion maps, to be asked of maps.

    Raises:
        ModelError: as `load_recognizer`, or the model takes no maps.
    """
    recognizer = load_recognizer(model, config)
    if not isinstance(recognizer.classifier, MapClassifier):
        raise ModelError(f"model {recognizer.path} takes no motion maps: give one trained on maps")
    return recognizer.classifier


def find_model(model: str | Path | None, config: RecognizerConfig) -> Path:
    """The file that `load_recognizer` opens, fetched from a hub if need be.

    Raises ModelError, InstallError and UsageError as `load_recognizer`.
    """
    suffix = ".safetensors" if config.backend == "torch" else ".onnx"
    if model is None:
        model = bundled(config.motion)
    elif is_hub_reference(str(model)):
        model = fetch_model(str(model), suffix=suffix, offline=config.offline)
    if config.backend == "torch" and Path(model) == BUNDLED:
        raise UsageError(
            "the backend torch runs SelfME and FRL-DGT models only: give one with --model, or "
            "--motion selfme"
        )
    return model_file.find_model(model, suffix)


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


def _open(file: ModelFile, config: RecognizerConfig) -> tuple[Network, Explain | None]:
    if config.backend == "onnx":
        return OnnxNetwork(file, config.device, config.threads), None
    try:
        from recognition.torch_network import TorchNetwork
    except ImportError as error:
        raise InstallError(
            f'the backend torch needs torch ({error}): pip install "mer-stream[train]", or use '
            "the backend onnx"
        ) from error
    network = TorchNetwork(file, config.device)
    return network, network.explain if config.keep_motion and network.explains else None
