"""What covers a rendered face: blinking lids and moving irises, a hand, a cup."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.disturbances import Occluder

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


# Shapes are drawn in units of this many IOD; an open hand is as long as a face.
_UNIT_IOD = 1.4
_CANVAS = (1.6, 4.2)  # width, height of the picture; the object's centre is in its upper part
_CENTRE = (0.8, 0.7)
_FINGERS = ((-0.33, -0.42), (-0.12, -0.58), (0.1, -0.56), (0.31, -0.4), (0.55, 0.0))  # tips


class OccluderPicture:
    """One hand or cup, drawn once: colour [H, W, 3] and cover [H, W] in 0..1."""

    def __init__(self, occluder: Occluder, iod_px: float, skin: NDArray[np.float64]) -> None:
        rng = np.random.default_rng(occluder.seed)
        unit_px = _UNIT_IOD * iod_px
        size = tuple(max(8, round(side * unit_px)) for side in _CANVAS)
        shape = np.zeros(size[::-1], dtype=np.uint8)
        if occluder.kind == "hand":
            _draw_hand(shape, unit_px)
            colour = skin * rng.uniform(0.75, 1.1)
        else:
            _draw_cup(shape, unit_px)
            colour = rng.uniform(40, 230, 3)
        relief = _texture(rng, shape.shape, iod_px)
        self._colour = np.clip(colour * (1.0 + relief[..., None]), 0, 255).astype(np.float32)
        cover = cv2.GaussianBlur(shape.astype(np.float32) / 255.0, (0, 0), max(0.6, 0.01 * iod_px))
        self._cover = np.asarray(cover)
        self._centre_px = np.array(_CENTRE) * unit_px

    def lay_over(
        self, image: NDArray[np.uint8], place_px: tuple[float, float]
    ) -> NDArray[np.uint8]:
        """The image [H, W, 3] with the object's centre at (x, y) pixels."""
        size = (image.shape[1], image.shape[0])
        x, y = np.array(place_px) - self._centre_px
        shift = np.array([[1, 0, x], [0, 1, y]], dtype=np.float32)
        cover = cv2.warpAffine(self._cover, shift, size)[..., None]
        if not cover.any():
            return image
        colour = cv2.warpAffine(self._colour, shift, size)
        return np.asarray(image * (1.0 - cover) + colour * cover + 0.5).astype(np.uint8)


def _draw_hand(shape: NDArray[np.uint8], unit_px: float) -> None:
    """Palm, fingers up, forearm down."""
    palm = _at((0.0, 0.15), unit_px)
    cv2.ellipse(shape, palm, _lengths((0.42, 0.45), unit_px), 0, 0, 360, 255, -1)
    for tip in _FINGERS:
        cv2.line(shape, palm, _at(tip, unit_px), 255, max(2, round(0.17 * unit_px)))
    cv2.line(shape, palm, _at((0.1, 3.5), unit_px), 255, max(2, round(0.5 * unit_px)))


def _draw_cup(shape: NDArray[np.uint8], unit_px: float) -> None:
    """A tapered body, a handle, and the hand that holds it from below."""
    corners = ((-0.42, -0.4), (0.42, -0.4), (0.33, 0.5), (-0.33, 0.5))
    cv2.fillConvexPoly(shape, np.array([_at(c, unit_px) for c in corners]), 255)
    handle = _lengths((0.2, 0.24), unit_px)
    cv2.ellipse(
        shape, _at((0.42, 0.05), unit_px), handle, 0, 0, 360, 255, max(2, round(0.1 * unit_px))
    )
    cv2.line(shape, _at((0.0, 0.5), unit_px), _at((0.1, 3.5), unit_px), 255, round(0.5 * unit_px))


def _texture(
    rng: np.random.Generator, shape: tuple[int, ...], iod_px: float
) -> NDArray[np.float32]:
    """Relative brightness: creases and fine grain, so that flow finds something to hold on to."""
    total = np.zeros(shape, dtype=np.float32)
    for cell_iod, size in ((0.35, 0.12), (0.06, 0.08)):
        cells = [max(2, round(side / (cell_iod * iod_px))) for side in shape]
        rough = rng.standard_normal(cells).astype(np.float32)
        total += size * cv2.resize(rough, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return total


def _at(place: tuple[float, float], unit_px: float) -> tuple[int, int]:
    x, y = ((p + c) * unit_px for p, c in zip(place, _CENTRE, strict=True))
    return round(x), round(y)


def _lengths(lengths: tuple[float, float], unit_px: float) -> tuple[int, int]:
    return round(lengths[0] * unit_px), round(lengths[1] * unit_px)
