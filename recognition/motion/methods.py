"""Motion front-ends: ways to measure the motion between two aligned faces, behind one signature.

`dis`, `farneback`, `tvl1`, `lucas-kanade` and `horn-schunck` are classical optical flow; `selfme`
is the learned motion of the paper and `frl-dgt` the displacement that FRL-DGT generates: both need
torch and weights. A method gives whole motion in pixels; `motion_field` takes head motion out and
counts in inter-ocular distances. Which of them a recogniser may run on is said in
`recognition.config`: no model was trained on `lucas-kanade` and `horn-schunck`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognition.config import MapConfig
from recognition.motion import flow
from recognition.motion.flow import Field, Image
from recognition.motion.head import remove_rigid

if TYPE_CHECKING:
    from recognition.motion.frl_dgt.weights import GeneratedDisplacement
    from recognition.motion.selfme.weights import LearnedMotion

Method = Callable[[Image, Image], Field]

SELFME, FRL_DGT = "selfme", "frl-dgt"
LEARNED = (SELFME, FRL_DGT)
# A new front-end is a file in this folder and a line here.
_CLASSICAL: Mapping[str, Callable[[Image, Image, MapConfig], Field]] = {
    "dis": flow.dis,
    "farneback": flow.farneback,
    "tvl1": flow.tvl1,
    "lucas-kanade": flow.lucas_kanade,
    "horn-schunck": flow.horn_schunck,
}
METHODS: tuple[str, ...] = (*_CLASSICAL, *LEARNED)


def motion_method(
    name: str, config: MapConfig | None = None, weights: Path | None = None
) -> Method:
    """The whole motion in pixels, head motion included.

    Args:
        weights: of the learned motion; None: the bundled ones.

    Raises:
        ValueError: an unknown name; from the method: an image that is not of the configured size.
        ModelError: the weights are missing, damaged or made for another size of face.
    """
    config = config or MapConfig()
    if name in LEARNED:
        learned = _learned(name, weights, config.aligned_size_px)
        return lambda onset, apex: learned.motion_px(onset[None], apex[None])[0]
    if name not in _CLASSICAL:
        raise ValueError(f"unknown motion method {name!r}: use one of {', '.join(METHODS)}")
    measure = _CLASSICAL[name]
    return lambda onset, apex: measure(onset, apex, config)


def _learned(
    name: str, weights: Path | None, size_px: int
) -> LearnedMotion | GeneratedDisplacement:
    """Brings torch."""
    if name == FRL_DGT:
        from recognition.motion.frl_dgt.weights import GeneratedDisplacement

        return GeneratedDisplacement(weights, size_px)
    from recognition.motion.selfme.weights import LearnedMotion

    return LearnedMotion(weights, size_px)


def motion_field(onset: Image, apex: Image, config: MapConfig) -> Field:
    """DIS flow [S, S, 2] from onset to apex in inter-ocular distances, head motion removed.

    Args:
        onset, apex: aligned faces [S, S, 3] RGB or [S, S] grey, of the same anchor.

    Raises:
        ValueError: an image is not of the configured size, or the flow is unknown.
    """
    return remove_rigid(flow.dis(onset, apex, config) / np.float32(config.iod_px), config)
