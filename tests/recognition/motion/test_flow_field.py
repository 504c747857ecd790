"""The motion field: known warps are found again, head motion goes, muscles stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from recognition.config import MapConfig
from recognition.motion.head import remove_rigid
from recognition.motion.methods import motion_field

CONFIG = MapConfig()
IOD = CONFIG.iod_px


def textured(seed: int = 3) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(128, 128, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 120 * soft / np.abs(soft).max(), 0, 255).astype(np.uint8)


def face_grid() -> tuple[np.ndarray, np.ndarray]:
    (eye_x, eye_y) = CONFIG.eyes_px
    y, x = np.mgrid[0:128, 0:128].astype(np.float64)
    return (x - eye_x) / IOD, (y - eye_y) / IOD


def corner_bump(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    weight = np.exp(-0.5 * (((x + 0.36) / 0.15) ** 2 + ((y - 1.03) / 0.15) ** 2))
    return np.stack([-0.03 * weight, -0.03 * weight], axis=-1)


def test_rigid_motion_is_removed_exactly() -> None:
    x, y = face_grid()
    u = 0.02 + 0.01 * x - 0.015 * y
    v = -0.01 + 0.01 * y + 0.015 * x
    left = remove_rigid(np.stack([u, v], axis=-1).astype(np.float32), CONFIG)
    assert np.abs(left).max() < 1e-4


def test_an_expression_survives_under_head_motion() -> None:
    x, y = face_grid()
    bump = corner_bump(x, y)
    head = np.stack([0.05 + 0.02 * x - 0.03 * y, -0.04 + 0.02 * y + 0.03 * x], axis=-1)
    left = remove_rigid((bump + head).astype(np.float32), CONFIG)
    assert np.abs(left - bump).max() < 0.003


def test_the_flow_finds_a_shift_before_the_head_is_removed() -> None:
    """A local bump of 0.03 IOD (1.3 px) on a textured face comes back in size and direction."""
    x, y = face_grid()
    bump_px = corner_bump(x, y) * IOD
    onset = textured()
    rows, columns = np.mgrid[0:128, 0:128].astype(np.float32)
    apex = cv2.remap(
        onset,
        (columns - bump_px[..., 0]).astype(np.float32),
        (rows - bump_px[..., 1]).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    field = motion_field(onset, apex, CONFIG)
    row, column = round(CONFIG.eyes_px[1] + 1.03 * IOD), round(CONFIG.eyes_px[0] - 0.36 * IOD)
    assert field[row, column] == pytest.approx((-0.03, -0.03), abs=0.006)
    assert np.abs(field[20:60, 30:100]).max() < 0.006


def test_equal_images_do_not_move() -> None:
    image = textured()
    assert np.abs(motion_field(image, image, CONFIG)).max() < 1e-3


def test_a_wrong_size_is_named() -> None:
    small = np.zeros((64, 64, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="64"):
        motion_field(small, small, CONFIG)
