"""Magnification: a known sub-pixel motion becomes 1 + alpha times as large, within the bound."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recognition.config import MapConfig
from recognition.motion.methods import motion_method
from streamer.faces.pyramid import bounded, collapse, factors, laplacian, levels_of
from training.clips.amplitude_evm import AmplitudeEvm, magnify_from_onset
from training.clips.evm import Evm, band_pass, magnify
from training.clips.glmm import Glmm, magnify_globally, move, principal

WAVE_PX, FPS, FRAMES = 96.0, 30.0, 60


def waves(course_px: NDArray[np.float64], size: int = 192) -> NDArray[np.float32]:
    """Vertical stripes that move sideways by `course_px` [T]: [T, size, size]."""
    x = np.arange(size) - course_px[:, None]
    rows = 128.0 + 50.0 * np.sin(2 * np.pi * x / WAVE_PX)
    return np.repeat(rows[:, None], size, axis=1).astype(np.float32)


def course_of(clip: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far the stripes have moved in each frame, from their phase over two whole waves."""
    x = np.arange(clip.shape[-1])
    wave = np.exp(-2j * np.pi * x / WAVE_PX)
    return -np.angle((clip[:, clip.shape[1] // 2] - 128.0) @ wave * 1j) * WAVE_PX / (2 * np.pi)


def test_the_phase_is_the_motion() -> None:
    course = np.array([0.0, 0.3, -1.2, 4.0])
    np.testing.assert_allclose(course_of(waves(course)), course, atol=1e-5)


@pytest.mark.parametrize("alpha", [4.0, 10.0, 20.0])
def test_evm_moves_a_sinusoid_by_one_plus_alpha(alpha: float) -> None:
    """0.1 px at 2 a second, inside the bound: (1 + 20) 0.1 = 2.1 px < 96 / 8."""
    course = 0.1 * np.sin(2 * np.pi * 2.0 * np.arange(FRAMES) / FPS)
    magnified = course_of(magnify(waves(course), alpha, (1.0, 3.0), FPS))
    gain = (magnified @ course) / (course @ course)
    assert gain == pytest.approx(1 + alpha, rel=0.05)
    assert np.abs(magnified - gain * course).max() < 0.05 * gain * 0.1  # and in the same shape


def test_what_is_outside_the_band_stays() -> None:
    slow = 0.1 * np.sin(2 * np.pi * 0.5 * np.arange(FRAMES) / FPS)
    clip = waves(slow)
    np.testing.assert_allclose(magnify(clip, 20.0, (1.0, 3.0), FPS), clip, atol=0.1)
    still = np.repeat(clip[:1], 8, axis=0)
    np.testing.assert_allclose(Evm()(still), still, atol=1e-3)


def test_a_band_that_no_frame_count_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="4 frames at 4 a second hold no frequency from 3 to 4"):
        Evm(low_cycles=3.0)(np.zeros((4, 16, 16), np.uint8))
    np.testing.assert_allclose(
        band_pass(np.ones((9, 2, 2), np.float32), (0.0, 9.0), 9.0), 0, atol=1e-6
    )


def test_the_bound_holds_on_every_level() -> None:
    """(1 + alpha_l) delta <= lambda_l / 8 wherever anything is magnified; coarse levels: alpha."""
    alpha, cutoff_px = 10.0, 16.0
    delta_px = cutoff_px / (8 * (1 + alpha))
    found = factors(alpha, cutoff_px, 5)
    assert found[2:] == pytest.approx([alpha] * 3)  # waves of 16, 32, 64 px
    assert found[:2] == pytest.approx([11 / 4 - 1, 11 / 2 - 1])  # 4 and 8 px
    assert all((1 + a) * delta_px <= 4 * 2**k / 8 + 1e-9 for k, a in enumerate(found))
    assert bounded(10.0, 3.0, 0) == 0.0 and bounded(10.0, 0.0, 0) == 10.0


def test_a_pyramid_is_put_together_again() -> None:
    picture = np.random.default_rng(0).uniform(0, 255, (45, 62)).astype(np.float32)
    levels = levels_of(*picture.shape)
    assert levels == 3
    np.testing.assert_allclose(collapse(laplacian(picture, levels)), picture, atol=1e-3)
    assert levels_of(4, 4) == 1


def test_amplitude_evm_multiplies_the_motion_since_the_onset() -> None:
    course = 0.05 * (1 - np.cos(2 * np.pi * np.arange(12) / 12))
    clip = waves(course)
    magnified = magnify_from_onset(clip, 9.0)
    np.testing.assert_allclose(magnified[0], clip[0], atol=1e-3)
    assert course_of(magnified) == pytest.approx(10 * course, abs=0.05 * 10 * 0.1)


def test_amplitude_evm_keeps_the_bound_with_the_motion_that_is_there() -> None:
    """A motion of 2 px may become 96 / 8 = 12 px at most, whatever alpha is."""
    magnified = course_of(AmplitudeEvm(alpha=500.0)(waves(np.array([0.0, 1.0, 2.0]))))
    assert 4.0 < magnified[2] < 12.0
    assert magnified[1] < magnified[2]


def blob(shift_px: float) -> NDArray[np.uint8]:
    noise = np.random.default_rng(2).uniform(0, 255, (64, 64)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    y, x = np.mgrid[:64, :64].astype(np.float32)
    push = shift_px * np.exp(-((x - 32) ** 2 + (y - 32) ** 2) / (2 * 10**2))
    moved = cv2.remap((smooth - smooth.mean()) * 5 + 128, x - push, y, cv2.INTER_CUBIC)
    return np.clip(moved, 0, 255).astype(np.uint8)


def test_glmm_multiplies_the_flow() -> None:
    clip = np.stack([blob(shift) for shift in (0.0, 0.3, 0.6, 0.3)])
    magnified = np.clip(Glmm(factor=4.0, components=2)(clip), 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(magnified[0], clip[0])
    middle = np.s_[28:37, 28:37, 0]
    measure = motion_method("dis", MapConfig(aligned_size_px=64))
    before, after = (measure(c[0], c[2])[middle].mean() for c in (clip, magnified))
    assert after / before == pytest.approx(4.0, rel=0.15)


def test_glmm_of_one_frame_and_of_none() -> None:
    one = blob(0.0)[None]
    np.testing.assert_array_equal(magnify_globally(one, 4.0, 9, lambda a, b: pytest.fail()), one)
    still = np.repeat(one, 3, axis=0)
    np.testing.assert_allclose(Glmm()(still), still, atol=0.5)


def test_principal_components_drop_what_is_small() -> None:
    rng = np.random.default_rng(0)
    shape, course = rng.normal(size=(8, 8, 2)), np.array([1.0, 2.0, 3.0, 1.0])
    planted = (course[:, None, None, None] * shape).astype(np.float32)
    noisy = planted + rng.normal(0, 0.01, planted.shape).astype(np.float32)
    one = principal(noisy, 1)
    assert np.abs(one - planted).mean() < np.abs(noisy - planted).mean()
    np.testing.assert_allclose(principal(noisy, 99), noisy, atol=1e-5)


def test_a_picture_is_moved_forward() -> None:
    picture = np.zeros((20, 20), np.float32)
    picture[10, 5] = 1.0
    motion = np.zeros((20, 20, 2), np.float32)
    motion[..., 0], motion[..., 1] = 3.0, -2.0
    moved = move(picture, motion)
    assert np.unravel_index(moved.argmax(), moved.shape) == (8, 8)
