"""What the bundled network says of motion maps, before any calibration.

Its temperature may be a statistic of real maps, those of held-out subjects among them. So the
benchmark takes the bare output.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from recognition.files.model_file import BUNDLED, read_model
from recognition.session import OnnxNetwork
from streamer.core.records import EMOTIONS

_BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class BundledAnswer:
    """Of N maps."""

    logs: NDArray[np.float32]  # [N, 3], log-probabilities of `EMOTIONS` at temperature one
    units: NDArray[np.float32]  # [N, U], logits of action units; U is 0 where it knows none


def ask_bundled(maps: NDArray[np.uint8]) -> BundledAnswer:
    """Asks the bundled network of uint8 maps [N, 28, 28, 3].

    Raises:
        ModelError: the installation is damaged.
    """
    network = _open()
    names = [name for name in ("logits", "units") if name in network.outputs]
    parts = [network(names, {"maps": maps[i : i + _BATCH]}) for i in range(0, len(maps), _BATCH)]
    logits, *units = (np.concatenate(every) for every in zip(*parts, strict=True))
    logs = log_softmax(logits[:, : len(EMOTIONS)].astype(np.float64), axis=1)
    return BundledAnswer(
        logs.astype(np.float32),
        units[0].astype(np.float32) if units else np.zeros((len(maps), 0), dtype=np.float32),
    )


@lru_cache(maxsize=1)
def _open() -> OnnxNetwork:
    return OnnxNetwork(read_model(BUNDLED), "cpu", 1)
