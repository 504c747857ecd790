"""The motion map: strain, stretch and crop against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.classifiers.maps import (
    crop_field,
    map_of_crop,
    motion_map,
    optical_strain,
    stretch,
)
from recognition.config import MapConfig

CONFIG = MapConfig()


def test_strain_of_a_stretch_a_shear_and_a_rotation() -> None:
    y, x = np.mgrid[0:9, 0:9].astype(np.float32)
    stretch_x = np.stack([0.02 * x, 0 * x], axis=-1)  # u_x = 0.02
    np.testing.assert_allclose(optical_strain(stretch_x), 0.02, atol=1e-6)
    shear = np.stack([0.02 * y, 0 * x], axis=-1)  # u_y = 0.02 -> sqrt(0.02^2 / 2)
    np.testing.assert_allclose(optical_strain(shear), 0.02 / np.sqrt(2.0), atol=1e-6)
    rotation = np.stack([-0.02 * y, 0.02 * x], axis=-1)  # rigid: no strain
    np.testing.assert_allclose(optical_strain(rotation), 0.0, atol=1e-6)


def test_stretch_reaches_both_ends() -> None:
    planes = np.zeros((2, 2, 3), dtype=np.float32)
    planes[..., 0] = [[-1.0, 0.0], [0.5, 1.0]]  # 0, 127.5, 191.25, 255
    planes[..., 1] = [[0.0, 0.0], [0.0, 4.0]]
    planes[..., 2] = 7.0  # flat
    result = stretch(planes)
    np.testing.assert_array_equal(result[..., 0], [[0, 128], [191, 255]])
    np.testing.assert_array_equal(result[..., 1], [[0, 0], [0, 255]])
    np.testing.assert_array_equal(result[..., 2], 128)


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_the_map_does_not_depend_on_the_unit(scale: float, seed: int) -> None:
    field = np.random.default_rng(seed).normal(size=(40, 34, 2)).astype(np.float32)
    one, other = map_of_crop(field), map_of_crop(field * np.float32(scale))
    assert np.abs(one.astype(int) - other.astype(int)).max() <= 1


def test_the_crop_holds_the_face_at_its_place() -> None:
    (eye_x, eye_y), iod = CONFIG.eyes_px, CONFIG.iod_px
    y, x = np.mgrid[0:128, 0:128].astype(np.float32)
    place = np.stack([(x - eye_x) / iod, (y - eye_y) / iod], axis=-1)
    crop = crop_field(place, CONFIG)
    height, width = crop.shape[:2]
    assert width == pytest.approx(1.70 * iod, abs=1) and height == pytest.approx(2.06 * iod, abs=1)
    # The mean over the crop is its centre: x = 0, y = (-0.56 + 1.50) / 2, less half a pixel.
    np.testing.assert_allclose(crop.mean(axis=(0, 1)), [-0.5 / iod, 0.47 - 0.5 / iod], atol=2e-3)


def test_u_and_v_keep_their_direction_and_place() -> None:
    (eye_x, eye_y), iod = CONFIG.eyes_px, CONFIG.iod_px
    field = np.zeros((128, 128, 2), dtype=np.float32)
    mouth_y, mouth_x = round(eye_y + 1.03 * iod), round(eye_x - 0.36 * iod)
    field[mouth_y - 3 : mouth_y + 3, mouth_x - 3 : mouth_x + 3] = (-0.03, -0.02)
    result = motion_map(field, CONFIG)
    assert result.shape == (28, 28, 3) and result.dtype == np.uint8
    row, column = np.unravel_index(result[..., 0].argmin(), (28, 28))
    assert (row, column) == (
        pytest.approx(28 * (1.03 + 0.56) / 2.06, abs=1.5),
        pytest.approx(28 * (-0.36 + 0.85) / 1.70, abs=1.5),
    )
    assert result[0, 0, 0] == 255 and result[0, 0, 1] == 255  # rest is the maximum of both
    assert result[0, 0, 2] == 0


def test_a_field_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(64, 64, 2\).*\(128, 128, 2\)"):
        motion_map(np.zeros((64, 64, 2), dtype=np.float32), CONFIG)
