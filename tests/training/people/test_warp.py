"""The displacement that is asked for is the one that is seen; the rest of the picture stays."""

import cv2
import numpy as np
import pytest

from training.people.warp import dense_field, grain_of, warp_part


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """A dense round "face" of radius 50 px round (100, 90)."""
    rng = np.random.default_rng(0)
    radius, angle = 50 * np.sqrt(rng.random(500)), rng.uniform(0, 2 * np.pi, 500)
    return np.stack([100 + radius * np.cos(angle), 90 + radius * np.sin(angle)], 1).astype("f4")


def bump(points: np.ndarray, height_px: float) -> np.ndarray:
    """Upwards at the middle, zero at the rim."""
    size = np.exp(-0.5 * (((points - (100, 90)) / 14) ** 2).sum(axis=1))
    return np.stack([np.zeros_like(size), -height_px * size], axis=1).astype("f4")


def picture(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = cv2.GaussianBlur(rng.uniform(0, 255, (200, 220, 3)).astype("f4"), (0, 0), 3)
    return np.clip(8 * (smooth - smooth.mean()) + 128, 0, 255).astype(np.uint8)


def test_the_field_is_that_of_the_points(points):
    field, (x, y) = dense_field(points, bump(points, 3.0), 50.0)
    assert field[90 - y, 100 - x, 1] == pytest.approx(-3.0, abs=0.3)
    assert abs(field[90 - y, 100 - x, 0]) < 0.05
    edge = np.concatenate([field[0], field[-1], field[:, 0], field[:, -1]])
    assert np.abs(edge).max() < 1e-3


def test_a_constant_field_inside_stays_constant(points):
    moved = np.tile(np.array([[1.5, -0.5]], dtype="f4"), (len(points), 1))
    field, (x, y) = dense_field(points, moved, 50.0)
    inner = field[70 - y : 110 - y, 80 - x : 120 - x]
    assert np.allclose(inner, (1.5, -0.5), atol=1e-3)


def test_the_skin_moves_where_it_should(points):
    image = picture()
    field, corner = dense_field(points, bump(points, 3.0), 50.0)
    warped = warp_part(image, field, corner)
    grey = [cv2.cvtColor(i, cv2.COLOR_RGB2GRAY) for i in (image, warped)]
    place = np.array([[[100.0, 90.0]]], dtype="f4")
    found, _, _ = cv2.calcOpticalFlowPyrLK(*grey, place, None, winSize=(9, 9), maxLevel=2)
    assert found[0, 0] - place[0, 0] == pytest.approx((0.0, -3.0), abs=0.4)


def test_the_picture_far_away_is_the_same_bit_for_bit(points):
    image = picture()
    warped = warp_part(image, *dense_field(points, bump(points, 3.0), 50.0))
    changed = np.argwhere((warped != image).any(axis=2))
    assert len(changed) > 100
    away = np.hypot(changed[:, 1] - 100, changed[:, 0] - 90)
    assert away.max() < 65
    still = warp_part(image, *dense_field(points, 0 * points, 50.0))
    assert np.array_equal(still, image)


def test_a_field_that_hangs_over_the_border(points):
    image = picture()
    field, (x, y) = dense_field(points, bump(points, 3.0), 50.0)
    warped = warp_part(image, field, (x - 90, y - 80))
    assert warped.shape == image.shape and not np.array_equal(warped, image)
    assert np.array_equal(warp_part(image, field, (500, 500)), image)


def test_the_grain_stays_and_edges_go():
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 2.0, (100, 100, 3)).astype("f4")
    steps = np.zeros((100, 100, 3), dtype="f4")
    steps[:, 50:] = 120.0
    grain = grain_of(steps + noise + 60)
    away = np.r_[0:45, 55:100]
    fine = noise - cv2.GaussianBlur(noise, (0, 0), 0.8)
    likeness = np.corrcoef(grain[:, away].ravel(), fine[:, away].ravel())[0, 1]
    assert likeness > 0.95
    # 120 grey levels of edge leave no more behind than noise does
    assert np.abs(grain[:, 48:52]).max() < 10.0


def test_the_warp_leaves_the_noise_nearly_as_strong_as_it_was(points):
    """Half a pixel is the worst case: plain interpolation takes a fifth to a half of it away."""
    rng = np.random.default_rng(3)
    flat = np.clip(128 + rng.normal(0, 4.0, (200, 220, 3)), 0, 255).astype(np.uint8)
    moved = np.tile(np.array([[0.5, 0.5]], dtype="f4"), (len(points), 1))
    warped = warp_part(flat, *dense_field(points, moved, 50.0))
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5]], dtype="f4")
    plain = cv2.warpAffine(flat, shift, (220, 200), flags=cv2.INTER_LANCZOS4)
    inner = (slice(70, 110), slice(80, 120))
    before, after, lost = (part[inner].astype(float).std() for part in (flat, warped, plain))
    assert after > 0.87 * before
    assert after > lost + 0.05 * before
