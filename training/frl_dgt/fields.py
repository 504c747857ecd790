"""What replaces the generated displacement in the ablation: optical flow, or a dynamic image.

A dynamic image is the approximate rank pooling of a clip (Bilen et al., CVPR 2016): frames
weighted by 2 t - T - 1. Of an onset-apex pair, which is all that this method looks at, T is 2 and
the weights are -1 and 1: the difference of the two faces.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recognition.classifiers.frl_dgt_config import FrlDgtConfig
from recognition.config import face_of
from recognition.motion.methods import motion_method

_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)
Represent = Callable[[NDArray], NDArray]


def field_maker(config: FrlDgtConfig) -> Represent:
    """Makes of one pair uint8 [2, S, S, 3] what the network takes.

    The pair itself, where the displacement is generated; a flow float16 [2, S, S] in pixels
    (normalising it is the network's), or a dynamic image float16 [1, S, S] in grey levels. The
    function raises ValueError for a pair of another shape or type.
    """
    if config.displacement == "dgm":
        return lambda pair: _checked(pair, config.size_px)
    if config.displacement == "dynamic-image":
        return lambda pair: dynamic_image(_checked(pair, config.size_px))
    measure = motion_method(config.flow, face_of(config.size_px))

    def flow(pair: NDArray) -> NDArray[np.float16]:
        onset, apex = _checked(pair, config.size_px)
        return measure(onset, apex).transpose(2, 0, 1).astype(np.float16)

    return flow


def dynamic_image(faces: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Approximate rank pooling of faces [T, S, S, 3]: [1, S, S] in grey levels."""
    count = len(faces)
    weights = 2.0 * np.arange(1, count + 1, dtype=np.float32) - count - 1.0
    pooled = np.einsum("t,tyxc,c->yx", weights, faces.astype(np.float32), _GREY)
    return np.asarray(pooled / np.abs(weights).max(), dtype=np.float16)[None]


def _checked(pair: NDArray, size_px: int) -> NDArray[np.uint8]:
    if pair.dtype != np.uint8 or pair.shape != (2, size_px, size_px, 3):
        raise ValueError(
            f"the pair is {pair.dtype} {list(pair.shape)}; frl-dgt needs uint8 "
            f"[2, {size_px}, {size_px}, 3]: onset and apex face, RGB (set network.dgm.size_px to "
            "the size of the prepared faces)"
        )
    return pair
