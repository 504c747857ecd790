"""Pictures as text, there and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from demo.pictures import as_url, contact_sheet, data_url, encode
from tests.demo.pages import decoded

SMOOTH = np.stack(
    [np.tile(np.arange(64, dtype=np.uint8) * np.uint8(f), (48, 1)) for f in (1, 2, 3)], axis=-1
)


def read(data: bytes) -> NDArray[np.uint8]:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_without_loss_it_is_the_same_picture() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (31, 17, 3), dtype=np.uint8)
    assert np.array_equal(read(encode(noise)), noise)
    assert np.array_equal(decoded(as_url(noise))[..., ::-1], noise)


def test_with_loss_it_is_nearly_the_same() -> None:
    data = encode(SMOOTH, lossless=False)
    assert data.startswith(b"\xff\xd8\xff") and len(data) < len(SMOOTH.tobytes()) / 4
    apart = np.abs(read(data).astype(int) - SMOOTH)
    assert 0 < apart.mean() < 4


def test_red_stays_red() -> None:
    red = np.zeros((8, 8, 3), dtype=np.uint8)
    red[..., 0] = 255
    assert read(encode(red))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("lossless", [True, False])
def test_the_kind_is_told(lossless: bool) -> None:
    url = as_url(SMOOTH, lossless=lossless)
    assert url.startswith(f"data:image/{'png' if lossless else 'jpeg'};base64,")
    assert url == data_url(encode(SMOOTH, lossless=lossless))
    assert not set("\"'<> ()") & set(url.split(",")[1])


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (7, 7, 1), (8, 8, 1), (9, 8, 2), (64, 8, 8)]
)
def test_every_frame_has_its_place(count: int, columns: int, rows: int) -> None:
    frames = np.zeros((count, 4, 6, 3), dtype=np.uint8)
    frames += np.arange(1, count + 1, dtype=np.uint8)[:, None, None, None]
    sheet, found_columns, found_rows = contact_sheet(frames)
    assert (found_columns, found_rows) == (columns, rows)
    assert sheet.shape == (4 * rows, 6 * columns, 3)
    for n in range(rows * columns):
        y, x = 4 * (n // columns), 6 * (n % columns)
        assert np.all(sheet[y : y + 4, x : x + 6] == (n + 1 if n < count else 0))
