"""Optical strain over a clip (Liong et al. 2014): where the skin is stretched, pooled over time.

The strain of the flow from the onset to every frame, its mean over the frames, normalised so that
its maximum is one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.maps import optical_strain
from training.features.flows import Field, FlowName, fields_from_onset

_STILL = 1e-6  # strain (IOD per pixel) below this is noise of the arithmetic


def pooled_strain(clip: NDArray[np.uint8], flow: FlowName) -> NDArray[np.float32]:
    """[h, w] of a clip uint8 [T, S, S], 0..1. Raises ValueError, see `fields_from_onset`."""
    return pooled(fields_from_onset(clip, flow))


def pooled(fields: Field) -> NDArray[np.float32]:
    """[h, w] of motion fields [T, h, w, 2]; zero everywhere where nothing is stretched."""
    mean = np.mean([optical_strain(field) for field in fields], axis=0)
    largest = float(mean.max())
    return np.asarray(mean / largest if largest > _STILL else 0 * mean, dtype=np.float32)
