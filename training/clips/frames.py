"""A clip of grey frames: what every step takes and gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]  # [T, H, W]


def as_frames(clip: NDArray, least: int = 1) -> Frames:
    """The clip [T, H, W] as float32, of the same values.

    Raises:
        ValueError: it has other axes (colour is not taken), fewer than `least` frames, or NaN.
    """
    if clip.ndim != 3 or 0 in clip.shape or clip.dtype.kind not in "uif":
        raise ValueError(
            f"a clip is numbers [T, H, W], grey; this is {clip.dtype} {clip.shape}: turn it into "
            "grey first"
        )
    if len(clip) < least:
        raise ValueError(f"a clip of {len(clip)} frames: at least {least} are needed")
    if clip.dtype.kind == "f" and not np.isfinite(clip).all():
        raise ValueError("the clip holds NaN or infinite values")
    return clip.astype(np.float32)


def as_grey(clip: NDArray) -> NDArray[np.uint8]:
    """The clip in whole grey levels 0..255; what is beyond is cut off."""
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)
