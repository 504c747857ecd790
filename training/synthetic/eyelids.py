"""Blinks and gaze for still portraits. The skin above each eye is drawn over it like a curtain.

A displacement alone would fold at the lid; a real lid covers. So a blink is a backward map: the
strip of skin above the aperture is stretched down to the moving lid line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Lid contours from corner to corner: (upper, lower), image left eye first.
_CONTOURS = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)
_STRIP = 0.9  # height of the stretched skin, in apertures


class Eyelids:
    """The eye apertures of one mesh [468, 3]; makes backward displacement fields of a blink."""

    def __init__(self, landmarks_px: NDArray[np.float32]) -> None:
        self._eyes = []
        for upper, lower in _CONTOURS:
            up, low = landmarks_px[list(upper), :2], landmarks_px[list(lower), :2]
            up, low = up[np.argsort(up[:, 0])], low[np.argsort(low[:, 0])]
            left, right = int(np.ceil(up[0, 0])), int(np.floor(up[-1, 0]))
            columns = np.arange(left, right + 1)
            top = np.interp(columns, up[:, 0], up[:, 1])
            bottom = np.maximum(np.interp(columns, low[:, 0], low[:, 1]), top)
            self._eyes.append((columns, top, bottom))

    def add(self, field: NDArray[np.float32], shut: float) -> None:
        """Add the blink, in place, to a displacement field [H, W, 2] (px, backward)."""
        for columns, top, bottom in self._eyes:
            aperture = bottom - top
            start = top - _STRIP * aperture
            line = top + shut * aperture
            rows = np.arange(int(start.min()), int(np.ceil(bottom.max())) + 1)
            down = rows[:, None] - start
            strip = np.maximum(top - start, 1e-3)
            stretched = down * strip / np.maximum(line - start, 1e-3)
            inside = (down > 0) & (rows[:, None] <= line) & (aperture > 0.5)
            field[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, 1] += np.where(
                inside, down - stretched, 0.0
            ).astype(np.float32)

    def look(self, field: NDArray[np.float32], right_px: float, down_px: float) -> None:
        """Shift the irises, in place, in a displacement field [H, W, 2] (px, backward).

        The shift fades out towards lids and corners, which stay where they are.
        """
        for columns, top, bottom in self._eyes:
            aperture = np.maximum(bottom - top, 1e-3)
            rows = np.arange(int(top.min()), int(np.ceil(bottom.max())) + 1)
            across = np.linspace(-1.0, 1.0, len(columns))
            height = np.clip((rows[:, None] - top) / aperture, 0.0, 1.0)
            share = np.cos(0.5 * np.pi * across) ** 2 * np.sqrt(np.sin(np.pi * height))
            part = field[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            part += (share[..., None] * (right_px, down_px)).astype(np.float32)
