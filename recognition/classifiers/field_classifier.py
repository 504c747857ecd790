"""Emotion of a motion field by SelfME's transformer, in ONNX Runtime or in torch.

The network takes head motion out and normalises inside. With a classical flow it is given the
flow; with the learned motion it is given the faces and measures itself. No torch in here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.base import Answer, Faces, ModelFacts, Network, check_output
from recognition.config import RecognizerConfig
from recognition.motion.head import remove_rigid
from streamer.core.records import EMOTIONS


class FieldClassifier:
    """Faces or flow -> logits and amplified motion."""

    def __init__(self, network: Network, facts: ModelFacts, config: RecognizerConfig) -> None:
        self._network, self._face = network, config.map
        self._unit = np.float32(facts.amplification * config.map.iod_px)

    def __call__(self, onset: Faces, apex: Faces, flow_px: NDArray[np.float32] | None) -> Answer:
        """Logits [N, C], and the amplified motion [N, 2, S, S] in pixels, head motion included."""
        inputs: dict[str, NDArray] = {"onset": onset, "apex": apex}
        if flow_px is not None:
            inputs = {"flow": flow_px.transpose(0, 3, 1, 2).copy()}
        logits, motion = self._network(("logits", "motion"), inputs)
        count, size, path = len(onset), self._face.aligned_size_px, self._network.path
        return Answer(
            check_output(logits, (count, len(EMOTIONS)), path),
            check_output(motion, (count, 2, size, size), path),
        )

    def motion_iod(self, motion: NDArray[np.float32]) -> NDArray[np.float32]:
        """[S, S, 2] in IOD, not amplified, head motion removed."""
        field = np.ascontiguousarray(motion.transpose(1, 2, 0) / self._unit)
        return remove_rigid(field, self._face)
