"""Recognition of an onset-apex pair by SelfME: in ONNX Runtime, or in torch where it is asked for.

The network normalises inside; faces go in as they are. With a classical flow, the flow is measured
here by the method that the model names. Torch is imported by the torch backend alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.config import RecognizerConfig
from recognition.loading.session import check_output
from recognition.loading.weights_check import read_facts
from recognition.motion.flow_field import remove_rigid
from recognition.motion.methods import LEARNED, motion_method
from recognition.onnx_recognizer import bring_to_anchor, softmax
from recognition.selfme.fingerprint import motion_fingerprint
from recognition.selfme.settings import MOTIONS
from streamer.core.errors import ModelError
from streamer.core.ranges import show
from streamer.core.records import EMOTIONS, AlignedFace, Recognition

Faces = NDArray[np.uint8]  # [N, S, S, 3] RGB
# Named inputs -> logits [N, C] and amplified motion [N, 2, S, S] px
Network = Callable[[Mapping[str, NDArray]], tuple[NDArray[np.float32], NDArray[np.float32]]]
# Onset and apex [S, S, 3] -> keypoints [2, K, 2] where there are any, attention [S, S]
Look = Callable[[NDArray[np.uint8], NDArray[np.uint8]], tuple[NDArray | None, NDArray]]


@dataclass(frozen=True, slots=True)
class SelfmeFacts:
    """What the metadata of a model file says."""

    motion: str
    size_px: int
    amplification: float
    temperature: float
    fingerprint: str


class SelfmeRecognizer:
    """A SelfME model; `recognize` gives calibrated probabilities over `EMOTIONS`.

    Raises (on construction):
        ModelError: the model was made for another motion, other faces or other classes.
    """

    def __init__(
        self,
        path: Path,
        facts: SelfmeFacts,
        network: Network,
        config: RecognizerConfig,
        look: Look | None = None,  # what the network looked at; only torch knows
    ) -> None:
        self.path, self.facts, self.config = path, facts, config
        self.fingerprint = facts.fingerprint
        check_facts(path, facts, config)
        self._network, self._look = network, look
        self._flow = None if facts.motion == LEARNED else motion_method(facts.motion, config.map)
        blank = np.zeros((1, facts.size_px, facts.size_px, 3), dtype=np.uint8)
        self.recognize_pairs(blank, blank)  # a wrong graph fails here, not at the first event

    def recognize(self, onset: AlignedFace, apex: AlignedFace) -> Recognition:
        """The emotion of the motion from the onset face to the apex face."""
        first = bring_to_anchor(onset, apex)
        shares, motion = self.recognize_pairs(first[None], apex.image[None])
        best = int(shares[0].argmax())
        named = {emotion: float(share) for emotion, share in zip(EMOTIONS, shares[0], strict=True)}
        found = Recognition(EMOTIONS[best], named, float(shares[0, best]))
        if not self.config.keep_motion:
            return found
        keypoints, attention = self._look(first, apex.image) if self._look else (None, None)
        field = self._plain_motion(motion[0])
        return replace(found, motion_iod=field, keypoints=keypoints, attention=attention)

    def recognize_pairs(
        self, onset: Faces, apex: Faces
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities [N, 3] and amplified motion [N, 2, S, S] px of faces uint8 [N, S, S, 3].

        Raises:
            ValueError: faces of another shape or type, none at all, or not as many.
        """
        size = self.facts.size_px
        for name, faces in (("onset", onset), ("apex", apex)):
            good = faces.dtype == np.uint8 and faces.ndim == 4 and len(faces) > 0
            if not good or faces.shape[1:] != (size, size, 3):
                raise ValueError(
                    f"{name} faces are {faces.dtype} {list(faces.shape)}; expected uint8 "
                    f"[N, {size}, {size}, 3] with N of 1 or more, RGB"
                )
        if len(onset) != len(apex):
            raise ValueError(f"{len(onset)} onset faces but {len(apex)} apex faces; need as many")
        logits, motion = self._network(self._inputs(onset, apex))
        logits = check_output(logits, (len(onset), len(EMOTIONS)), self.path)
        motion = check_output(motion, (len(onset), 2, size, size), self.path)
        return softmax(logits / np.float32(self.facts.temperature)), motion

    def _inputs(self, onset: Faces, apex: Faces) -> Mapping[str, NDArray]:
        if self._flow is None:
            return {"onset": onset, "apex": apex}
        flows = [self._flow(first, second) for first, second in zip(onset, apex, strict=True)]
        return {"flow": np.stack(flows).transpose(0, 3, 1, 2).copy()}

    def _plain_motion(self, motion_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """[S, S, 2] in IOD, not amplified, head motion removed."""
        face = self.config.map
        field = motion_px.transpose(1, 2, 0) / np.float32(self.facts.amplification * face.iod_px)
        return remove_rigid(np.ascontiguousarray(field), face)


def facts_of(metadata: Mapping[str, str], path: Path) -> SelfmeFacts:
    """The facts in a file's metadata.

    Raises:
        ModelError: it was not exported by mer-train, or for other classes.
    """
    common = read_facts(metadata, path)
    if common.emotions != EMOTIONS:
        raise ModelError(
            f"model {path} knows {', '.join(common.emotions)}; this version needs "
            f"{', '.join(EMOTIONS)}: train it again"
        )
    try:
        facts = SelfmeFacts(
            metadata["motion"],
            int(metadata["size_px"]),
            float(metadata["amplification"]),
            common.temperature,
            common.fingerprint,
        )
    except (KeyError, ValueError) as error:
        raise ModelError(f"model {path} lacks metadata ({error}): export it again") from error
    if facts.motion not in MOTIONS or not 0.0 < facts.amplification < math.inf:
        raise ModelError(
            f"model {path} has motion {show(facts.motion)} and amplification "
            f"{facts.amplification}: export it again"
        )
    return facts


def check_facts(path: Path, facts: SelfmeFacts, config: RecognizerConfig) -> None:
    """Compares what the model was made for with what this run does.

    Raises:
        ModelError: another motion method, or other faces; it names both fingerprints.
    """
    wanted = facts.motion if config.motion == "auto" else config.motion
    ours = motion_fingerprint(wanted, config.map)
    if wanted != facts.motion:
        raise ModelError(
            f"model {path} was made for motion {facts.motion} (fingerprint {facts.fingerprint}), "
            f"this run measures {wanted} ({ours}): use --motion {facts.motion}, or give a model "
            f"made for {wanted} with --model"
        )
    if facts.size_px != config.map.aligned_size_px:
        raise ModelError(
            f"model {path} is for faces of {facts.size_px} px, this run aligns to "
            f"{config.map.aligned_size_px}: set faces.aligned_size_px and "
            f"recognizer.map.aligned_size_px to {facts.size_px}"
        )
    if facts.fingerprint != ours:
        raise ModelError(
            f"model {path} was made for preprocessing {facts.fingerprint}, this run uses {ours}: "
            "train it again with these settings, or use the default settings"
        )
