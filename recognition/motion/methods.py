"""Ways to measure the motion between two aligned faces, by name and behind one signature.

`dis`, `farneback` and `tvl1` are classical optical flow (OpenCV, on grey); `selfme` is the learned
motion of the paper and needs torch and weights. A method gives whole motion in pixels; a field
function takes head motion out and counts in inter-ocular distances, as `motion_field` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig
from recognition.motion.flow_field import grey, make_flow, remove_rigid

Image = NDArray[np.uint8]  # aligned face [S, S, 3] RGB, or [S, S]
Field = NDArray[np.float32]  # [S, S, 2], x and y, onset -> apex, at the pixels of the onset
Method = Callable[[Image, Image], Field]

LEARNED = "selfme"
_FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)  # scale, levels, window, rounds, poly_n, sigma, flags


def motion_method(
    name: str, config: MapConfig | None = None, weights: Path | None = None
) -> Method:
    """The whole motion in pixels, head motion included.

    Args:
        weights: of the learned motion; None: the bundled ones.

    Raises:
        ValueError: an unknown name.
        ModelError: the weights are missing, damaged or made for another size of face.
    """
    config = config or MapConfig()
    if name == LEARNED:
        return _learned(config, weights)
    if name not in _CLASSICAL:
        raise ValueError(f"unknown motion method {name!r}: use one of {', '.join(METHODS)}")
    return _CLASSICAL[name](config)


def field_method(name: str, config: MapConfig | None = None, weights: Path | None = None) -> Method:
    """The motion without the head's, in inter-ocular distances; `dis` is `motion_field` itself."""
    config = config or MapConfig()
    measure = motion_method(name, config, weights)

    def field(onset: Image, apex: Image) -> Field:
        return remove_rigid(measure(onset, apex) / np.float32(config.iod_px), config)

    return field


def _dis(config: MapConfig) -> Method:
    def measure(onset: Image, apex: Image) -> Field:
        first, second = grey(onset, config), grey(apex, config)
        start = np.zeros((*first.shape, 2), dtype=np.float32)
        return np.asarray(make_flow(config).calc(first, second, start), dtype=np.float32)

    return measure


def _farneback(config: MapConfig) -> Method:
    """Farneback 2003, with the settings that micro-expression work has settled on (MDMO)."""

    def measure(onset: Image, apex: Image) -> Field:
        first, second = grey(onset, config), grey(apex, config)
        flow = cv2.calcOpticalFlowFarneback(first, second, None, *_FARNEBACK)
        return np.asarray(flow, dtype=np.float32)

    return measure


def _tvl1(config: MapConfig) -> Method:
    """Zach et al. 2007, OpenCV's settings."""

    def measure(onset: Image, apex: Image) -> Field:
        first, second = grey(onset, config), grey(apex, config)
        flow = cv2.optflow.DualTVL1OpticalFlow.create().calc(first, second, None)
        return np.asarray(flow, dtype=np.float32)

    return measure


def _learned(config: MapConfig, weights: Path | None) -> Method:
    """SelfME in torch, gamma = 1: what moved, not amplified."""
    from recognition.motion.selfme.weights import LearnedMotion  # brings torch

    learned = LearnedMotion(weights, config.aligned_size_px)
    return lambda onset, apex: learned.motion_px(onset[None], apex[None])[0]


_CLASSICAL: Mapping[str, Callable[[MapConfig], Method]] = {
    "dis": _dis,
    "farneback": _farneback,
    "tvl1": _tvl1,
}
METHODS: tuple[str, ...] = (*_CLASSICAL, LEARNED)
