"""Classical optical flow between two aligned faces, on grey: whole motion in pixels.

OpenCV's, but for TV-L1, which OpenCV has in its contrib package only: that is scikit-image's. The
two oldest are our own.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.config import MapConfig
from recognition.motion.horn_schunck import horn_schunck as measure_horn_schunck
from recognition.motion.lucas_kanade import lucas_kanade as measure_lucas_kanade
from streamer.core.errors import InstallError

Image = NDArray[np.uint8]  # aligned face [S, S, 3] RGB, or [S, S]
Field = NDArray[np.float32]  # [S, S, 2], x and y, onset -> apex, at the pixels of the onset

_FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)  # scale, levels, window, rounds, poly_n, sigma, flags
# The weights of OpenCV's DualTVL1 (lambda .15 on grey levels of 0..255; theta .3) and, as there, a
# median filter after each of five warps.
_TVL1 = {"attachment": 0.15 * 255, "tightness": 0.3, "num_warp": 5, "prefilter": True}


def dis(onset: Image, apex: Image, config: MapConfig) -> Field:
    """Dense inverse search (Kroeger et al. 2016) of the configured kind."""
    if config.flow != "dis-medium":
        raise ValueError(f"unknown flow {config.flow!r}: use 'dis-medium'")
    first, second = _grey(onset, config), _grey(apex, config)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(config.flow_finest_scale)
    start = np.zeros((*first.shape, 2), dtype=np.float32)
    return np.asarray(flow.calc(first, second, start), dtype=np.float32)


def farneback(onset: Image, apex: Image, config: MapConfig) -> Field:
    """Farneback 2003, with the settings that micro-expression work has settled on (MDMO)."""
    first, second = _grey(onset, config), _grey(apex, config)
    return np.asarray(
        cv2.calcOpticalFlowFarneback(first, second, None, *_FARNEBACK), dtype=np.float32
    )


def tvl1(onset: Image, apex: Image, config: MapConfig) -> Field:
    """Zach et al. 2007, as in scikit-image (Wedel et al. 2009), with OpenCV's weights.

    Raises InstallError where scikit-image is missing.
    """
    try:
        from skimage.registration import optical_flow_tvl1
    except ImportError as error:
        raise InstallError(
            f'TV-L1 needs scikit-image ({error}): pip install "mer-stream[train]"'
        ) from error
    first, second = (np.float32(_grey(image, config)) / 255 for image in (onset, apex))
    rows, columns = optical_flow_tvl1(first, second, dtype=np.float32, **_TVL1)
    return np.dstack([columns, rows])


def lucas_kanade(onset: Image, apex: Image, config: MapConfig) -> Field:
    """Lucas and Kanade 1981, dense and coarse to fine."""
    return measure_lucas_kanade(_grey(onset, config), _grey(apex, config))


def horn_schunck(onset: Image, apex: Image, config: MapConfig) -> Field:
    """Horn and Schunck 1981, coarse to fine."""
    return measure_horn_schunck(_grey(onset, config), _grey(apex, config))


def _grey(image: Image, config: MapConfig) -> Image:
    """An aligned face as grey [S, S]; its size and type are checked."""
    size = config.aligned_size_px
    if image.shape[:2] != (size, size) or image.dtype != np.uint8:
        raise ValueError(
            f"aligned face has shape {image.shape}, {image.dtype}; expected {size} x {size} "
            "pixels, uint8"
        )
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
