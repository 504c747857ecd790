"""Emotion of a motion map: the bundled model, and every other that `mer-train` makes of maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.base import Faces, ModelFacts, Network, check_output, probabilities
from recognition.classifiers.maps import motion_map
from recognition.config import RecognizerConfig
from recognition.motion.head import remove_rigid
from streamer.core.errors import ModelError
from streamer.core.records import EMOTIONS

_BATCH = 256


class MapClassifier:
    """Flow -> motion without the head's -> map -> logits."""

    def __init__(self, network: Network, facts: ModelFacts, config: RecognizerConfig) -> None:
        self._network, self._facts, self._face = network, facts, config.map

    def __call__(
        self, onset: Faces, apex: Faces, flow_px: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits [N, C], and the motion [N, S, S, 2] in IOD without the head's."""
        if flow_px is None:
            raise ModelError(f"model {self._network.path} measures no motion: use --motion dis")
        iod_px = np.float32(self._face.iod_px)
        fields = np.stack([remove_rigid(flow / iod_px, self._face) for flow in flow_px])
        maps = np.stack([motion_map(field, self._face) for field in fields])
        return self._logits(maps), fields

    def motion_iod(self, motion: NDArray[np.float32]) -> NDArray[np.float32]:
        """[S, S, 2] as it is."""
        return motion

    def recognize_maps(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities [N, 3] over `EMOTIONS` of motion maps uint8 [N, 28, 28, 3].

        Raises:
            ValueError: the maps have another shape or type.
        """
        size = self._face.map_size
        if maps.dtype != np.uint8 or maps.ndim != 4 or maps.shape[1:] != (size, size, 3):
            raise ValueError(
                f"maps are {maps.dtype} {maps.shape}; expected uint8 [N, {size}, {size}, 3]"
            )
        if not len(maps):
            return np.zeros((0, len(EMOTIONS)), dtype=np.float32)
        parts = [self._logits(maps[i : i + _BATCH]) for i in range(0, len(maps), _BATCH)]
        return probabilities(np.concatenate(parts), self._facts.temperature)

    def _logits(self, maps: NDArray[np.uint8]) -> NDArray[np.float32]:
        (answer,) = self._network(("logits",), {"maps": maps})
        return check_output(answer, (len(maps), len(EMOTIONS)), self._network.path)
