"""Recognition of one onset-apex pair in ONNX Runtime: pair -> motion field -> map -> emotion."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import motion_map
from recognition.config import RecognizerConfig
from recognition.fingerprint import preprocessing_fingerprint
from recognition.loading.session import ask, check_output, metadata_of, open_session
from recognition.loading.weights_check import read_facts, resolve_model
from recognition.motion.flow_field import motion_field
from streamer.core.errors import ModelError
from streamer.core.records import EMOTIONS, AlignedFace, Recognition
from streamer.faces.alignment import compose, invert

_BATCH = 256


class OnnxRecognizer:
    """A recognition model; `recognize` gives calibrated probabilities over `EMOTIONS`.

    Raises (on construction):
        ModelError: the file is missing, damaged, a pickle, or made for other preprocessing.
    """

    def __init__(
        self, model: str | Path | None = None, config: RecognizerConfig | None = None
    ) -> None:
        self.config = config or RecognizerConfig()
        self.path = resolve_model(model)
        self._session = open_session(self.path, self.config.device, self.config.threads)
        facts = read_facts(metadata_of(self._session, self.path), self.path)
        self._temperature = facts.temperature
        self.fingerprint = facts.fingerprint
        expected = preprocessing_fingerprint(self.config.map)
        if self.config.motion not in ("auto", "dis"):
            raise ModelError(
                f"model {self.path} was made for motion dis (fingerprint {facts.fingerprint}), "
                f"this run measures {self.config.motion}: use --motion dis, or give a model made "
                f"for {self.config.motion} with --model"
            )
        if facts.fingerprint != expected:
            raise ModelError(
                f"model {self.path} was made for preprocessing {facts.fingerprint}, this run uses "
                f"{expected}: train it again with these settings, or use the bundled model with "
                "the default settings"
            )
        if facts.emotions != EMOTIONS:
            raise ModelError(
                f"model {self.path} knows {', '.join(facts.emotions)}; this version needs "
                f"{', '.join(EMOTIONS)}: train it again"
            )
        self._input = self._session.get_inputs()[0].name
        size = self.config.map.map_size
        self._logits(np.zeros((1, size, size, 3), dtype=np.uint8))  # a wrong graph fails here

    def recognize(self, onset: AlignedFace, apex: AlignedFace) -> Recognition:
        """The emotion of the motion from the onset face to the apex face."""
        field = motion_field(bring_to_anchor(onset, apex), apex.image, self.config.map)
        shares = self.recognize_maps(motion_map(field, self.config.map)[None])[0]
        best = int(shares.argmax())
        named = {emotion: float(share) for emotion, share in zip(EMOTIONS, shares, strict=True)}
        kept = field if self.config.keep_motion else None
        return Recognition(EMOTIONS[best], named, float(shares[best]), kept)

    def recognize_maps(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities [N, 3] over `EMOTIONS` of motion maps uint8 [N, 28, 28, 3].

        Raises:
            ValueError: the maps have another shape or type.
        """
        size = self.config.map.map_size
        if maps.dtype != np.uint8 or maps.ndim != 4 or maps.shape[1:] != (size, size, 3):
            raise ValueError(
                f"maps are {maps.dtype} {maps.shape}; expected uint8 [N, {size}, {size}, 3]"
            )
        parts = [self._logits(maps[i : i + _BATCH]) for i in range(0, len(maps), _BATCH)]
        if not parts:
            return np.zeros((0, len(EMOTIONS)), dtype=np.float32)
        return softmax(np.concatenate(parts) / self._temperature)

    def _logits(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        answer = ask(self._session, self.path, None, {self._input: maps})[0]
        return check_output(answer, (len(maps), len(EMOTIONS)), self.path)


def bring_to_anchor(onset: AlignedFace, apex: AlignedFace) -> NDArray[np.uint8]:
    """The onset image as the apex's held transform would have shown it."""
    same = onset.anchor == apex.anchor and np.array_equal(onset.frame_to_face, apex.frame_to_face)
    if same:
        return onset.image
    matrix = compose(apex.frame_to_face, invert(onset.frame_to_face))
    height, width = onset.image.shape[:2]
    return np.asarray(
        cv2.warpAffine(onset.image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities [N, C], rows sum to one."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
