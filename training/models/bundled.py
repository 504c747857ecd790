"""What the bundled network says of motion maps, before any calibration.

Its temperature may be a statistic of real maps, those of held-out subjects among them. So the
benchmark takes the bare output.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logit

from recognition.classifiers.maps import MapClassifier
from recognition.config import RecognizerConfig
from recognition.loading import load_map_classifier
from streamer.core.records import EMOTIONS

_SURE = 1e-4  # a unit's probability is kept so far from 0 and 1


@dataclass(frozen=True, slots=True, eq=False)
class BundledAnswer:
    """Of N maps."""

    logs: NDArray[np.float32]  # [N, 3], log-probabilities of `EMOTIONS` at temperature one
    units: NDArray[np.float32]  # [N, U], log-odds of unit and side; U is 0 where it tells none


def ask_bundled(maps: NDArray[np.uint8]) -> BundledAnswer:
    """Asks the bundled network of uint8 maps [N, 28, 28, 3].

    Raises:
        ModelError: the installation is damaged.
    """
    logits, units = _open().of_maps(maps)
    logs = log_softmax(logits[:, : len(EMOTIONS)].astype(np.float64), axis=1).astype(np.float32)
    if units is None:
        return BundledAnswer(logs, np.zeros((len(maps), 0), dtype=np.float32))
    odds = logit(np.clip(units.probabilities.astype(np.float64), _SURE, 1.0 - _SURE))
    return BundledAnswer(logs, odds.reshape(len(maps), -1).astype(np.float32))


@lru_cache(maxsize=1)
def _open() -> MapClassifier:
    return load_map_classifier(None, RecognizerConfig(device="cpu"))
