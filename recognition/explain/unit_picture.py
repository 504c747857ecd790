"""Draws which action unit moved where: marks and arrows on the aligned apex face, labels beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.config import face_of
from recognition.explain.pictures import enlarge
from recognition.explain.units import MovedPlace
from streamer.core.process.libraries import import_cv2
from streamer.outputs.motion_wheel import Picture

GAIN = 6.0  # how much longer than the motion an arrow is
_FACE_PX, _MARGIN_PX, _HEAD_PX, _LINE_PX = 512, 150, 26, 34
_LEAST_ARROW_PX = 4.0
_PAPER, _INK, _SOFT = (250, 250, 250), (25, 25, 25), (110, 110, 110)
# Told apart by people who do not see red and green apart (Okabe and Ito, 2008).
_COLOURS = (
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0),
)  # fmt: skip


def draw_units(face: Picture, places: Sequence[MovedPlace]) -> Picture:
    """The apex face [S, S, 3] with what moved on it, between two columns of labels.

    Each place has its mesh points as dots and the mean measured motion as an arrow, GAIN times as
    long. Labels stand on the side of the picture where the place is: the person's right on the
    left, as the picture is not mirrored.

    Raises:
        ValueError: a face of another type or shape.
    """
    if face.dtype != np.uint8 or face.ndim != 3 or face.shape[0] != face.shape[1]:
        raise ValueError(f"face is {face.dtype} {list(face.shape)}; expected uint8 [S, S, 3]")
    scale = max(1, _FACE_PX // face.shape[0])
    side = scale * face.shape[0]
    canvas: Picture = np.full((side + _HEAD_PX, side + 2 * _MARGIN_PX, 3), _PAPER, dtype=np.uint8)
    canvas[_HEAD_PX:, _MARGIN_PX : _MARGIN_PX + side] = enlarge(face, scale)
    _write(canvas, "person's right", (8, 18), _SOFT)
    _write(canvas, "person's left", (_MARGIN_PX + side + 8, 18), _SOFT)
    colours = _colours(places)
    _draw_lines(canvas, places, scale, colours)
    for n, place in enumerate(places):
        colour = colours[place.unit.unit]
        _draw_dots(canvas, place, places[n + 1 :], scale, colour)
    for place in places:
        _draw_arrow(canvas, place, scale, face_of(face.shape[0]).iod_px, colours[place.unit.unit])
    return canvas


def _colours(places: Sequence[MovedPlace]) -> dict[str, tuple[int, int, int]]:
    units = dict.fromkeys(place.unit.unit for place in places)
    return {unit: _COLOURS[n % len(_COLOURS)] for n, unit in enumerate(units)}


def _draw_dots(
    canvas: Picture,
    place: MovedPlace,
    later: Sequence[MovedPlace],
    scale: int,
    colour: tuple[int, int, int],
) -> None:
    """Larger under the dots of other units at the same point, which would hide it."""
    cv2: Any = import_cv2()
    over = [at for one in later if one.unit != place.unit for at in one.points_px.tolist()]
    for point in place.points_px:
        radius = 4 + 3 * over.count(point.tolist())
        at = _on_canvas(point, scale)
        cv2.circle(canvas, at, radius + 1, _PAPER, -1, cv2.LINE_AA)
        cv2.circle(canvas, at, radius, colour, -1, cv2.LINE_AA)


def _draw_arrow(
    canvas: Picture, place: MovedPlace, scale: int, iod_px: float, colour: tuple[int, int, int]
) -> None:
    cv2: Any = import_cv2()
    way = GAIN * scale * iod_px * place.motion_iod
    if float(np.hypot(*way)) < _LEAST_ARROW_PX:
        return
    start = _on_canvas(place.centre_px, scale)
    end = (start[0] + round(float(way[0])), start[1] + round(float(way[1])))
    cv2.arrowedLine(canvas, start, end, _PAPER, 6, cv2.LINE_AA, tipLength=0.3)
    cv2.arrowedLine(canvas, start, end, colour, 3, cv2.LINE_AA, tipLength=0.3)


def _draw_lines(
    canvas: Picture,
    places: Sequence[MovedPlace],
    scale: int,
    colours: dict[str, tuple[int, int, int]],
) -> None:
    """Code and probability of each unit on each side, with a line to its first place there."""
    cv2: Any = import_cv2()
    width = canvas.shape[1]
    for side, left in (("R", 8), ("L", width - _MARGIN_PX + 8)):
        firsts: dict[str, MovedPlace] = {}
        for place in places:
            if place.side == side:
                firsts.setdefault(place.unit.unit, place)
        shown = sorted(firsts.values(), key=lambda one: float(one.centre_px[1]))
        heights = _spread([_on_canvas(one.centre_px, scale)[1] for one in shown], canvas.shape[0])
        for place, y in zip(shown, heights, strict=True):
            colour = colours[place.unit.unit]
            edge = _MARGIN_PX - 6 if side == "R" else width - _MARGIN_PX + 4
            outermost = np.argsort(place.points_px[:, 0])[0 if side == "R" else -1]
            at = _on_canvas(place.points_px[outermost], scale)
            cv2.line(canvas, (edge, y - 4), at, colour, 1, cv2.LINE_AA)
            text = f"{place.unit.text}  {place.unit.probability:.0%}"
            _write(canvas, text, (left, y), colour, bold=True)
            moved = f"{float(np.hypot(*place.motion_iod)):.3f} IOD"
            _write(canvas, moved, (left, y + 15), _SOFT)


def _spread(wanted: Sequence[int], height: int) -> list[int]:
    """Heights in the same order, as near to those wanted as a line's height apart allows."""
    heights: list[int] = []
    for y in wanted:
        heights.append(max(y, heights[-1] + _LINE_PX if heights else _HEAD_PX + 18))
    limit = height - 22
    for n in range(len(heights) - 1, -1, -1):
        heights[n] = min(heights[n], limit)
        limit = heights[n] - _LINE_PX
    return heights


def _on_canvas(point_px: NDArray[np.float32], scale: int) -> tuple[int, int]:
    x, y = (scale * (float(v) + 0.5) for v in np.clip(point_px, -1e4, 1e4))
    return round(_MARGIN_PX + x), round(_HEAD_PX + y)


def _write(
    canvas: Picture,
    text: str,
    at: tuple[int, int],
    colour: tuple[int, int, int],
    bold: bool = False,
) -> None:
    cv2: Any = import_cv2()
    size, width = (0.55, 2) if bold else (0.42, 1)
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)
