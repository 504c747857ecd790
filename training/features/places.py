"""Where a descriptor looks: the face inside the aligned square, and blocks of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recognition.config import face_of

Place = tuple[slice, slice]  # rows, columns


def face_place(size_px: int) -> Place:
    """The rows and columns of an aligned square that show the face, as the flow map does."""
    face = face_of(size_px)
    (eye_x, eye_y), iod = face.eyes_px, face.iod_px
    rows = (eye_y + iod * face.crop_top_iod, eye_y + iod * face.crop_bottom_iod)
    columns = (eye_x + iod * face.crop_left_iod, eye_x + iod * face.crop_right_iod)
    top, bottom, left, right = (int(np.clip(round(x), 0, size_px)) for x in (*rows, *columns))
    return slice(top, bottom), slice(left, right)


def blocks(shape: tuple[int, ...], rows: int, columns: int, overlap: float = 0.0) -> list[Place]:
    """`rows` x `columns` blocks of one size, row by row; each shares `overlap` with the next.

    shape: height and width of what is cut.

    Raises:
        ValueError: there are fewer pixels than blocks.
    """
    height, width = shape
    return [
        (own_rows, own_columns)
        for own_rows in stretches(height, rows, overlap)
        for own_columns in stretches(width, columns, overlap)
    ]


def stretches(length: int, count: int, overlap: float = 0.0) -> Iterator[slice]:
    """`length` cells in `count` parts.

    Raises:
        ValueError: there are more parts than cells.
    """
    if count > length:
        raise ValueError(f"{length} cells cannot be cut into {count} parts: ask for fewer")
    part = length / (1.0 + (count - 1) * (1.0 - overlap))
    for start in np.arange(count) * part * (1.0 - overlap):
        yield slice(round(start), max(round(start) + 1, round(start + part)))
