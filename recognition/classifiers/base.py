"""What classifiers share: the facts of a model, the checks of its answers, probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig, RecognizerConfig
from recognition.fingerprint import motion_fingerprint, preprocessing_fingerprint
from streamer.core.errors import ModelError
from streamer.core.records import CLASSES, EMOTIONS, OTHER, UNITS

Faces = NDArray[np.uint8]  # [N, S, S, 3] RGB
MAPS, FIELDS = "map", "selfme"  # kinds of model


class Network(Protocol):
    """The network of a model file, in ONNX Runtime or in torch."""

    @property
    def path(self) -> Path:
        """The model's file, for messages."""
        ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the exporter wrote into the file."""
        ...

    def __call__(self, outputs: Sequence[str], inputs: Mapping[str, NDArray]) -> list[NDArray]:
        """The named outputs for named inputs."""
        ...


class UnitAnswer(NamedTuple):
    """Action units of N pairs: [N, units, 2], sides of the image, left and right."""

    probabilities: NDArray[np.float32]  # calibrated, that it moved
    strengths: NDArray[np.float32]  # its displacement over that of the strongest unit, 0..1


class Answer(NamedTuple):
    """What a classifier says of N pairs."""

    logits: NDArray[np.float32]  # [N, C] over EMOTIONS, or over CLASSES
    motion: NDArray[np.float32]  # [N, ...], what they are of, in the classifier's own form
    units: UnitAnswer | None = None  # None: it tells none


class Classifier(Protocol):
    """Motion of N pairs of aligned faces to logits of the classes, and action units."""

    def __call__(self, onset: Faces, apex: Faces, flow_px: NDArray[np.float32] | None) -> Answer:
        """The classes, units and motion of every pair.

        Args:
            flow_px: whole motion [N, S, S, 2] in pixels; None: the network measures it itself.
        """
        ...

    def motion_iod(self, motion: NDArray[np.float32]) -> NDArray[np.float32]:
        """One such motion as [S, S, 2] in inter-ocular distances, without the head's."""
        ...


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the metadata of a model file says."""

    kind: str  # MAPS or FIELDS
    motion: str  # the front-end that it was trained on
    fingerprint: str
    temperature: float
    size_px: int | None = None  # of the aligned faces; None: the fingerprint tells
    amplification: float = 1.0
    classes: tuple[str, ...] = EMOTIONS  # or CLASSES
    units: bool = False  # whether it tells action units


def read_facts(metadata: Mapping[str, str], path: Path) -> ModelFacts:
    """The facts in a file's metadata.

    Raises:
        ModelError: it was not exported by mer-train, or for other classes.
    """
    try:
        kind = metadata.get("kind", MAPS)
        fields = kind == FIELDS
        facts = ModelFacts(
            kind,
            metadata["motion"] if fields else "dis",
            metadata["fingerprint"],
            float(metadata["temperature"]),
            int(metadata["size_px"]) if fields else None,
            float(metadata["amplification"]) if fields else 1.0,
            tuple(metadata["emotions"].split(",")),
            "units" in metadata,
        )
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"model {path} lacks the metadata of a mer-stream model ({error}): export it with "
            "mer-train"
        ) from error
    for name in ("temperature", "amplification"):
        if not 0.0 < getattr(facts, name) < math.inf:
            raise ModelError(
                f"model {path} has {name} {getattr(facts, name)}: export it again with mer-train"
            )
    if facts.classes not in (EMOTIONS, CLASSES):
        raise ModelError(
            f"model {path} knows {', '.join(facts.classes)}; this version needs "
            f"{', '.join(EMOTIONS)}, with or without {OTHER}: train it again"
        )
    if facts.units and metadata["units"] != ",".join(UNITS):
        raise ModelError(
            f"model {path} tells the action units {metadata['units'][:80]}; this version needs "
            f"{','.join(UNITS)}: train it again"
        )
    return facts


def check_facts(path: Path, facts: ModelFacts, config: RecognizerConfig) -> None:
    """Compares what the model was made for with what this run does.

    Raises:
        ModelError: another motion, other faces or another map; it names both fingerprints.
    """
    wanted = facts.motion if config.motion == "auto" else config.motion
    ours = _fingerprint(facts.kind, wanted, config.map)
    if wanted != facts.motion:
        raise ModelError(
            f"model {path} was made for motion {facts.motion} (fingerprint {facts.fingerprint}), "
            f"this run measures {wanted} ({ours}): use --motion {facts.motion}, or give a model "
            f"made for {wanted} with --model"
        )
    if facts.size_px not in (None, config.map.aligned_size_px):
        raise ModelError(
            f"model {path} is for faces of {facts.size_px} px, this run aligns to "
            f"{config.map.aligned_size_px}: set faces.aligned_size_px and "
            f"recognizer.map.aligned_size_px to {facts.size_px}"
        )
    if facts.fingerprint != ours:
        raise ModelError(
            f"model {path} was made for preprocessing {facts.fingerprint}, this run uses {ours}: "
            "train it again with these settings, or use the bundled model with the default settings"
        )


def check_output(array: NDArray, shape: Sequence[int], model: Path) -> NDArray[np.float32]:
    """`array` as finite float32 of that shape.

    Raises:
        ModelError: it is something else.
    """
    if array.shape != tuple(shape) or array.dtype.kind != "f":
        raise ModelError(
            f"model {model} answers with {array.dtype} {list(array.shape)} in place of float "
            f"{list(shape)}: export it again with mer-train"
        )
    if not np.isfinite(array).all():
        raise ModelError(f"model {model} answers with numbers that are not finite: train it again")
    return np.asarray(array, dtype=np.float32)


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Calibrated [N, C], rows sum to one."""
    cooled = logits / np.float32(temperature)
    powers = np.exp(cooled - cooled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def over_classes(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities [N, 4] over CLASSES; a model that knows no other movement gives it none."""
    lacking = len(CLASSES) - shares.shape[1]
    return np.pad(shares, ((0, 0), (0, lacking)))


def _fingerprint(kind: str, motion: str, face: MapConfig) -> str:
    if kind == FIELDS:
        return motion_fingerprint(motion, face)
    return preprocessing_fingerprint(face)
