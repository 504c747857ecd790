"""A motion field as colours: direction is hue, size is strength of colour; grey is rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.process.libraries import import_cv2

Picture = NDArray[np.uint8]  # [H, W, 3] RGB

_ARROWS, _ARROW_PX, _LEAST = 12, 12, 0.12  # along a side at most; pixels for each; of the longest
_INK, _DOT = (20, 20, 20), (255, 120, 40)
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


def motion_inset(
    motion_iod: NDArray[np.float32],
    size_px: int,
    keypoints: NDArray[np.float32] | None = None,
) -> Picture:
    """The motion of an aligned face [S, S, 2] in IOD as a square: colours, arrows, colour wheel.

    Args:
        keypoints: of onset and apex [2, K, 2], coordinates -1..1; drawn as dots with their way.
    """
    cv2: Any = import_cv2()
    picture = motion_colours(motion_iod)
    inset = np.asarray(cv2.resize(picture, (size_px, size_px), interpolation=cv2.INTER_AREA))
    _draw_arrows(inset, motion_iod)
    if keypoints is not None:
        _draw_keypoints(inset, keypoints)
    wheel = colour_wheel(max(12, size_px // 5))
    inset[-len(wheel) :, -len(wheel) :] = wheel
    return _framed(inset)


def attention_inset(attention: NDArray[np.float32], size_px: int) -> Picture:
    """Attention [S, S] in 0..1 as a square of heat, blue to red."""
    if attention.ndim != 2 or attention.size == 0:
        raise ValueError(f"attention has shape {attention.shape}; expected [S, S]")
    cv2: Any = import_cv2()
    small = cv2.resize(attention, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return _framed(heat_colours(small))


def heat_colours(heat: NDArray[np.float32]) -> Picture:
    """Colours [h, w, 3] of a heat map [h, w] of values 0..1, blue to red."""
    cv2: Any = import_cv2()
    level = (np.clip(heat, 0.0, 1.0) * 255.0).astype(np.uint8)
    coloured = cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)
    return np.asarray(coloured, dtype=np.uint8)


def _draw_arrows(inset: Picture, motion_iod: NDArray[np.float32]) -> None:
    """A grid of arrows in place; the longest is as long as the grid is wide."""
    cv2: Any = import_cv2()
    count = max(4, min(_ARROWS, len(inset) // _ARROW_PX))
    small = cv2.resize(motion_iod, (count, count), interpolation=cv2.INTER_AREA)
    longest = max(float(np.hypot(small[..., 0], small[..., 1]).max()), 1e-6)
    step = len(inset) / count
    for row, column in np.ndindex(count, count):
        u, v = small[row, column] / longest
        if np.hypot(u, v) < _LEAST:
            continue
        middle = (round(step * (column + 0.5)), round(step * (row + 0.5)))
        tip = (round(middle[0] + step * float(u)), round(middle[1] + step * float(v)))
        cv2.arrowedLine(inset, middle, tip, _INK, 1, cv2.LINE_AA, tipLength=0.35)


def _draw_keypoints(inset: Picture, keypoints: NDArray[np.float32]) -> None:
    """Dots at the onset's places, with lines of six times the way to the apex's."""
    if keypoints.ndim != 3 or keypoints.shape[::2] != (2, 2):
        raise ValueError(f"keypoints have shape {keypoints.shape}; expected [2, K, 2]")
    cv2: Any = import_cv2()
    side = len(inset)
    start, way = (keypoints[0] + 1.0) / 2.0 * side, (keypoints[1] - keypoints[0]) / 2.0 * side
    for (x, y), (u, v) in zip(start, way, strict=True):
        at = (round(float(x)), round(float(y)))
        cv2.line(inset, at, (round(float(x + 6 * u)), round(float(y + 6 * v))), _INK, 1)
        cv2.circle(inset, at, max(1, side // 70), _DOT, -1, cv2.LINE_AA)


def _framed(inset: Picture) -> Picture:
    cv2: Any = import_cv2()
    cv2.rectangle(inset, (0, 0), (inset.shape[1] - 1, inset.shape[0] - 1), (90, 90, 90), 1)
    return inset
