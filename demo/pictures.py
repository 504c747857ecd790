"""Pictures as text in the page: nothing is fetched, nothing lies in a cache."""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

_COLUMNS = 8


def encode(picture: NDArray[np.uint8], *, lossless: bool = True) -> bytes:
    """A picture [H, W, 3] RGB as PNG, or as JPEG."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    options = [] if lossless else [cv2.IMWRITE_JPEG_QUALITY, 90]
    return cv2.imencode(".png" if lossless else ".jpg", bgr, options)[1].tobytes()


def data_url(data: bytes) -> str:
    """Of a PNG or JPEG file."""
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def as_url(picture: NDArray[np.uint8], *, lossless: bool = True) -> str:
    """A picture [H, W, 3] RGB as a data URL."""
    return data_url(encode(picture, lossless=lossless))


def contact_sheet(frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int, int]:
    """Frames [T, H, W, 3] side by side in rows; returns it with its columns and rows."""
    count, height, width = frames.shape[:3]
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    sheet = np.zeros((rows * height, columns * width, 3), dtype=np.uint8)
    for n, frame in enumerate(frames):
        row, column = divmod(n, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = frame
    return sheet, columns, rows
