"""Recognition of an onset-apex pair: motion front-end x classifier, whatever the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.base import (
    Answer,
    Classifier,
    Faces,
    ModelFacts,
    check_facts,
    over_classes,
    probabilities,
)
from recognition.config import RecognizerConfig
from recognition.motion.methods import LEARNED, motion_method
from recognition.readings import because, prototype
from recognition.units import told_units
from streamer.core.errors import UsageError
from streamer.core.records import CLASSES, AlignedFace, Recognition, facs_text
from streamer.faces.alignment import bring_to_anchor

# Onset and apex [S, S, 3] -> keypoints [2, K, 2] where there are any, attention [S, S]
Explain = Callable[[NDArray[np.uint8], NDArray[np.uint8]], tuple[NDArray | None, NDArray]]


class Recognizer:
    """A loaded model; `recognize` gives action units and calibrated probabilities.

    Attributes:
        path, sha256: the file, and the hash of exactly the bytes that were loaded.
        motion: name of the front-end. fingerprint: of the preprocessing it was trained with.

    Raises (on construction):
        ModelError: the model was made for another motion, other faces or another map, or does not
            answer as such a model does.
        UsageError: prototypes are asked of a model that tells no units.
    """

    def __init__(
        self,
        path: Path,
        sha256: str,
        facts: ModelFacts,
        classifier: Classifier,
        config: RecognizerConfig,
        explain: Explain | None = None,  # what the network looked at; only torch knows
    ) -> None:
        check_facts(path, facts, config)
        if config.emotions == "facs" and not facts.units:
            raise UsageError(
                f"--emotions facs: model {path} tells no action units; leave it out, or use the "
                "bundled model (--motion dis)"
            )
        self.path, self.sha256, self.config, self.classifier = path, sha256, config, classifier
        self.motion, self.fingerprint = facts.motion, facts.fingerprint
        self._temperature, self._explain = facts.temperature, explain
        # The learned motion is part of its network.
        self._measure = None if facts.motion in LEARNED else motion_method(facts.motion, config.map)
        size = config.map.aligned_size_px
        blank = np.zeros((1, size, size, 3), dtype=np.uint8)
        self.recognize_pairs(blank, blank)  # a wrong graph fails here, not at the first event

    def recognize(self, onset: AlignedFace, apex: AlignedFace) -> Recognition:
        """Action units and emotion of the motion from the onset face to the apex face."""
        first = bring_to_anchor(onset, apex)
        answer = self.answer_pairs(first[None], apex.image[None])
        shares = self._shares(answer)[0]
        named = {name: float(share) for name, share in zip(CLASSES, shares, strict=True)}
        best = CLASSES[int(shares.argmax())]
        found = Recognition(best, named, named[best])
        if answer.units is not None:
            told = told_units(answer.units.probabilities[0], answer.units.strengths[0])
            reading = prototype(told) if self.config.emotions == "facs" else None
            speaking = facs_text(because(best, told))
            found = replace(found, units=told, because=speaking, prototype=reading)
        if not self.config.keep_motion:
            return found
        keypoints, attention = self._explain(first, apex.image) if self._explain else (None, None)
        field = self.classifier.motion_iod(answer.motion[0])
        return replace(found, motion_iod=field, keypoints=keypoints, attention=attention)

    def recognize_pairs(
        self, onset: Faces, apex: Faces
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities [N, 4] over the three classes and `other`, and the motion [N, ...].

        Arguments and errors as `answer_pairs`.
        """
        answer = self.answer_pairs(onset, apex)
        return self._shares(answer), answer.motion

    def answer_pairs(self, onset: Faces, apex: Faces) -> Answer:
        """Logits, motion and action units of faces uint8 [N, S, S, 3]; logits as they are.

        Raises:
            ValueError: faces of another shape or type, none at all, or not as many.
        """
        size = self.config.map.aligned_size_px
        for name, faces in (("onset", onset), ("apex", apex)):
            good = faces.dtype == np.uint8 and faces.ndim == 4 and len(faces) > 0
            if not good or faces.shape[1:] != (size, size, 3):
                raise ValueError(
                    f"{name} faces are {faces.dtype} {list(faces.shape)}; expected uint8 "
                    f"[N, {size}, {size}, 3] with N of 1 or more, RGB"
                )
        if len(onset) != len(apex):
            raise ValueError(f"{len(onset)} onset faces but {len(apex)} apex faces; need as many")
        return self.classifier(onset, apex, self._flow(onset, apex))

    def _shares(self, answer: Answer) -> NDArray[np.float32]:
        return over_classes(probabilities(answer.logits, self._temperature))

    def _flow(self, onset: Faces, apex: Faces) -> NDArray[np.float32] | None:
        if self._measure is None:
            return None
        return np.stack([self._measure(a, b) for a, b in zip(onset, apex, strict=True)])
