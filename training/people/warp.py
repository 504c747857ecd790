"""A small smooth displacement warped into a picture, locally, its grain left where it is.

The displacement is known at the points of the face mesh. Between them it is interpolated linearly
on a Delaunay triangulation and smoothed; at a ring outside the face it is zero, so that the picture
there stays as it was, bit for bit. The sensor's grain does not follow the skin: what is finer than
`_FINE_PX` and no stronger than the picture's own noise is taken out, and put back unmoved after the
warp (coring); edges, hairs and pores are stronger than that, and go along.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

_STEP_IOD = 0.04  # grid on which the field is interpolated
_SMOOTH_IOD = 0.03
_RING = 1.3  # the face's outline times this: there nothing moves any more
_RING_POINTS = 24
_FINE_PX = 0.8  # sigma; grain is finer
_CORE = 3.0  # noise levels; a fine detail that is stronger is no grain
_MAD_TO_SIGMA = 1.4826

Image = NDArray[np.uint8]


def dense_field(
    points_px: NDArray[np.float32], moved_px: NDArray[np.float32], iod_px: float
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """A displacement field [H, W, 2] in pixels and the place (x, y) of its upper left corner.

    Args:
        points_px: places [N, 2] on the face. moved_px: [N, 2] how far each of them goes.
    """
    ring = _ring(points_px)
    low, high = np.floor(ring.min(axis=0)), np.ceil(ring.max(axis=0))
    step = max(1.0, _STEP_IOD * iod_px)
    size = (high - low).astype(int) + 1
    cells = np.maximum(np.ceil(size / step).astype(int), 2)
    # A coarse cell's middle, as cv2.resize sees it.
    xs, ys = (low[k] + (np.arange(cells[k]) + 0.5) * size[k] / cells[k] - 0.5 for k in (0, 1))
    places = np.stack(np.meshgrid(xs, ys), axis=-1)
    known = np.vstack([points_px, ring])
    values = np.vstack([moved_px, np.zeros_like(ring)])
    field = LinearNDInterpolator(known, values, fill_value=0.0)(places).astype(np.float32)
    field = cv2.GaussianBlur(field, (0, 0), _SMOOTH_IOD * iod_px / step)
    fine = cv2.resize(field, (int(size[0]), int(size[1])), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine), (int(low[0]), int(low[1]))


def warp_part(image: Image, field_px: NDArray[np.float32], corner_px: tuple[int, int]) -> Image:
    """The picture [H, W, 3] with the skin under the field moved along it; a new array."""
    height, width = image.shape[:2]
    (x, y), (rows, columns) = corner_px, field_px.shape[:2]
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + columns, width), min(y + rows, height)
    warped = image.copy()
    if left >= right or top >= bottom:
        return warped
    field = np.ascontiguousarray(field_px[top - y : bottom - y, left - x : right - x])
    part = image[top:bottom, left:right].astype(np.float32)
    grain = grain_of(part)
    moved = _pull(part - grain, field) + grain
    still = np.hypot(field[..., 0], field[..., 1]) < 1e-3
    result = np.where(still[..., None], part, moved)
    warped[top:bottom, left:right] = np.clip(result + 0.5, 0, 255).astype(np.uint8)
    return warped


def grain_of(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """The fine weak detail [H, W, 3] of a picture: its noise, and no edge."""
    fine = part - cv2.GaussianBlur(part, (0, 0), _FINE_PX)
    sigma = _MAD_TO_SIGMA * np.median(np.abs(fine), axis=(0, 1))
    limit = np.maximum(_CORE * sigma, 1e-6)
    # A smooth hand-over: all of a weak detail, nothing of a strong one.
    return np.asarray(fine * np.exp(-((fine / limit) ** 4)), dtype=np.float32)


def _pull(part: NDArray[np.float32], field: NDArray[np.float32]) -> NDArray[np.float32]:
    """The part with each point x moved to x + d(x): y is fetched from y - d(x), two rounds."""
    ys, xs = np.mgrid[0 : part.shape[0], 0 : part.shape[1]].astype(np.float32)
    here = cv2.remap(
        field, xs - field[..., 0], ys - field[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(
        cv2.remap(
            part, xs - here[..., 0], ys - here[..., 1], cv2.INTER_LANCZOS4,
            borderMode=cv2.BORDER_REFLECT,
        )
    )  # fmt: skip


def _ring(points_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points [R, 2] round the face, outside its outline."""
    hull = cv2.convexHull(points_px.astype(np.float32))[:, 0]
    centre = 0.5 * (hull.min(axis=0) + hull.max(axis=0))
    closed = np.vstack([hull, hull[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    along = np.linspace(0.0, way[-1], _RING_POINTS, endpoint=False)
    outline = np.stack([np.interp(along, way, closed[:, k]) for k in (0, 1)], axis=1)
    return np.asarray(centre + _RING * (outline - centre), dtype=np.float32)
