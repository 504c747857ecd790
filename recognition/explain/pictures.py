"""Drawing of motion, keypoints and heat on aligned faces, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.config import face_of
from streamer.core.process.libraries import import_cv2
from streamer.outputs.motion_wheel import Picture, heat_colours

Field = NDArray[np.float32]  # [S, S, 2]

_ARROW, _FROM, _TO = (20, 20, 20), (60, 200, 255), (255, 120, 40)


def draw_arrows(face: Picture, motion_px: Field, every: int = 8, gain: float = 6.0) -> Picture:
    """Arrows along the motion [S, S, 2] in pixels on a face [S, S, 3], `gain` times as long.

    Raises:
        ValueError: face and motion do not fit.
    """
    _check(face, motion_px.shape, (*face.shape[:2], 2))
    cv2: Any = import_cv2()
    scale = max(1, 384 // face.shape[0])
    canvas = enlarge(face, scale)
    places = np.arange(every // 2, face.shape[0], every)
    longest = max(float(np.hypot(*motion_px.transpose(2, 0, 1)).max()), 1e-6)
    for y in places:
        for x in places:
            u, v = motion_px[y, x]
            if np.hypot(u, v) < 0.08 * longest:
                continue
            start = (round(scale * (x + 0.5)), round(scale * (y + 0.5)))
            end = (round(start[0] + scale * gain * float(u)), round(start[1] + scale * gain * v))
            cv2.arrowedLine(canvas, start, end, _ARROW, 3, cv2.LINE_AA, tipLength=0.3)
            cv2.arrowedLine(canvas, start, end, (255, 255, 255), 1, cv2.LINE_AA, tipLength=0.3)
    return canvas


def draw_keypoints(
    face: Picture, onset: NDArray[np.float32], apex: NDArray[np.float32], gain: float = 6.0
) -> Picture:
    """Keypoints [K, 2] (coordinates -1..1) of the onset, with a line towards those of the apex.

    The lines are `gain` times as long as the way.
    """
    for points in (onset, apex):
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"keypoints have shape {points.shape}; expected [K, 2]")
    cv2: Any = import_cv2()
    scale = max(1, 384 // face.shape[0])
    canvas = enlarge(face, scale)
    side = canvas.shape[0]
    for first, second in zip(onset, apex, strict=True):
        start = _to_px(first, side)
        end = _to_px(first + gain * (second - first), side)
        cv2.line(canvas, start, end, _TO, 2, cv2.LINE_AA)
        cv2.circle(canvas, start, 5, _FROM, -1, cv2.LINE_AA)
        cv2.circle(canvas, start, 5, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas


def draw_heat(face: Picture, heat: NDArray[np.float32], strength: float = 0.5) -> Picture:
    """A heat map [S, S] of values 0..1 over a face [S, S, 3]."""
    _check(face, heat.shape, face.shape[:2])
    colours = heat_colours(heat)
    mixed = (1.0 - strength) * face.astype(np.float32) + strength * colours.astype(np.float32)
    return np.asarray(mixed, dtype=np.uint8)


def uncrop(heat: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
    """A map [h, w] of the network's face crop, back on the aligned face [S, S]; 0 outside."""
    cv2: Any = import_cv2()
    face = face_of(size_px)
    (eye_x, eye_y), iod = face.eyes_px, face.iod_px
    left, top = eye_x + iod * face.crop_left_iod, eye_y + iod * face.crop_top_iod
    width = iod * (face.crop_right_iod - face.crop_left_iod) / heat.shape[1]
    height = iod * (face.crop_bottom_iod - face.crop_top_iod) / heat.shape[0]
    # A cell's middle (i + 1/2) falls on the pixel whose middle is left + width (i + 1/2).
    matrix = np.array([[width, 0, left + 0.5 * width - 0.5], [0, height, top + 0.5 * height - 0.5]])
    whole = cv2.warpAffine(heat.astype(np.float32), matrix, (size_px, size_px))
    return np.asarray(whole, dtype=np.float32)


def sheet(columns: Sequence[tuple[str, Picture]], height_px: int = 256) -> Picture:
    """Pictures side by side, each with its title above."""
    if not columns:
        raise ValueError("a sheet needs one picture or more")
    cv2: Any = import_cv2()
    parts = []
    for title, picture in columns:
        width = max(1, round(picture.shape[1] * height_px / picture.shape[0]))
        part = np.full((height_px + 24, width + 6, 3), 255, dtype=np.uint8)
        part[24:, :width] = cv2.resize(picture, (width, height_px), interpolation=cv2.INTER_AREA)
        text = title.encode("ascii", "replace").decode()
        cv2.putText(part, text, (2, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _ARROW, 1, cv2.LINE_AA)
        parts.append(part)
    return np.concatenate(parts, axis=1)


def enlarge(picture: Picture, scale: int) -> Picture:
    """`scale` times as large, smoothly."""
    cv2: Any = import_cv2()
    size = (picture.shape[1] * scale, picture.shape[0] * scale)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC))


def _to_px(point: NDArray[np.float32], side: int) -> tuple[int, int]:
    x, y = (point + 1.0) / 2.0 * side
    return round(float(np.clip(x, -9e3, 9e3))), round(float(np.clip(y, -9e3, 9e3)))


def _check(face: Picture, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if face.dtype != np.uint8 or face.ndim != 3 or face.shape[2] != 3:
        raise ValueError(f"face is {face.dtype} {list(face.shape)}; expected uint8 [S, S, 3]")
    if tuple(found) != tuple(wanted):
        raise ValueError(f"shape {list(found)} does not fit the face; expected {list(wanted)}")
