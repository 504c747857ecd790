"""A motion field as colours: direction is hue, size is strength of colour; grey is rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.libs import import_cv2

Picture = NDArray[np.uint8]  # [H, W, 3] RGB

FULL_SCALE_IOD = 0.03  # motion of this size has the full colour, unless the largest is larger


def motion_colours(motion: NDArray[np.float32], full_scale: float | None = None) -> Picture:
    """Colours [h, w, 3] of a motion field [h, w, 2].

    Args:
        full_scale: the motion that gets the full colour; None: FULL_SCALE_IOD, or the 99th
            percentile of the field where that is larger.

    Raises:
        ValueError: another shape, no pixels, NaN.
    """
    if motion.ndim != 3 or motion.shape[2] != 2 or motion.size == 0:
        raise ValueError(f"motion has shape {motion.shape}; expected [h, w, 2]")
    if not np.isfinite(motion).all():
        raise ValueError("motion holds NaN or infinite values: leave the pair out")
    cv2: Any = import_cv2()
    length = np.hypot(motion[..., 0], motion[..., 1])
    if full_scale is None:
        full_scale = max(FULL_SCALE_IOD, float(np.percentile(length, 99)))
    angle = np.degrees(np.arctan2(motion[..., 1], motion[..., 0])) % 360.0
    hsv = np.stack([angle, np.clip(length / full_scale, 0, 1), np.ones_like(length)], axis=-1)
    colours = cv2.cvtColor(hsv.astype(np.float32), cv2.COLOR_HSV2RGB)
    return np.rint(colours * 255.0).astype(np.uint8)


def colour_wheel(size_px: int) -> Picture:
    """The legend: a disc [S, S, 3] whose colour says the direction in which a place moves."""
    line = (np.arange(size_px) + 0.5) / size_px * 2.0 - 1.0
    x, y = np.meshgrid(line, line)
    inside = np.hypot(x, y) <= 1.0
    field = np.stack([x, y], axis=-1).astype(np.float32) * inside[..., None]
    return motion_colours(field, 1.0)


def motion_inset(motion_iod: NDArray[np.float32], size_px: int) -> Picture:
    """The motion of an aligned face [S, S, 2] in IOD as a square with its colour wheel."""
    cv2: Any = import_cv2()
    picture = motion_colours(motion_iod)
    inset = np.asarray(cv2.resize(picture, (size_px, size_px), interpolation=cv2.INTER_AREA))
    wheel = colour_wheel(max(12, size_px // 5))
    inset[-len(wheel) :, -len(wheel) :] = wheel
    cv2.rectangle(inset, (0, 0), (size_px - 1, size_px - 1), (90, 90, 90), 1)
    return inset
