"""Interpolation, modes and sampling along time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.clips.dmdsp import Dmdsp, decompose
from training.clips.sampling import sample_randomly, sample_uniformly
from training.clips.tim import Tim, interpolate, weights


def noise(frames: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (frames, 6, 5)).astype(np.uint8)


@pytest.mark.parametrize(("frames", "length"), [(2, 10), (7, 10), (31, 10), (10, 10), (50, 2)])
def test_tim_gives_the_end_frames_again(frames: int, length: int) -> None:
    clip = noise(frames)
    made = Tim(length)(clip)
    assert made.shape == (length, 6, 5)
    np.testing.assert_allclose(made[[0, -1]], clip[[0, -1]], atol=0.01)


def test_tim_gives_every_frame_again_at_its_own_time() -> None:
    clip = noise(9)
    np.testing.assert_allclose(interpolate(clip, 9), clip, atol=0.01)
    np.testing.assert_allclose(interpolate(clip, 17)[::2], clip, atol=0.01)


def test_tim_follows_a_smooth_course() -> None:
    """A path graph's own course is interpolated without error: cos(pi (2 i - 1) / 2n)."""
    course = np.cos(np.pi * (2 * np.arange(1, 9) - 1) / 16)
    made = interpolate(course[:, None, None], 15)[:, 0, 0]
    np.testing.assert_allclose(
        made, np.cos(np.pi * (2 * np.linspace(1, 8, 15) - 1) / 16), atol=1e-5
    )
    np.testing.assert_allclose(weights(8, 15).sum(axis=1), 1, atol=1e-5)


def test_tim_needs_two_frames() -> None:
    with pytest.raises(ValueError, match="a clip of 1 frames: at least 2 are needed"):
        Tim()(noise(1))
    constant = np.full((5, 4, 4), 7, np.uint8)
    np.testing.assert_allclose(Tim(3)(constant), 7, atol=1e-4)


def planted(noise_level: float) -> tuple[NDArray[np.float64], complex, NDArray[np.float64]]:
    """A constant picture and a fading oscillation of one pattern; its step and the pattern."""
    rng = np.random.default_rng(3)
    rest, pattern = rng.uniform(50, 200, (12, 12)), rng.normal(size=(12, 12))
    step = 0.97 * np.exp(0.5j)
    course = 8.0 * (step ** np.arange(40)).real
    other = 8.0 * (step ** np.arange(40)).imag
    across = rng.normal(size=(12, 12))
    clip = rest + course[:, None, None] * pattern + other[:, None, None] * across
    return clip + noise_level * rng.normal(size=clip.shape), step, pattern - 1j * across


def test_dmdsp_recovers_a_planted_mode() -> None:
    clip, step, shape = planted(0.05)
    modes = decompose(clip, gamma=1e-3)
    used = np.flatnonzero(modes.amplitudes)
    assert len(used) == 3  # the constant, the oscillation and its conjugate
    found = used[np.abs(modes.steps[used] - step).argmin()]
    assert modes.steps[found] == pytest.approx(step, abs=2e-3)
    assert np.abs(modes.steps[used] - 1.0).min() < 1e-3
    own = modes.amplitudes[found] * modes.shapes[found]
    assert np.linalg.norm(own - 4.0 * shape) < 0.03 * np.linalg.norm(4.0 * shape)


def test_dmdsp_puts_the_clip_together_again() -> None:
    clip, _, _ = planted(0.0)
    modes = decompose(clip, gamma=1e-4)
    np.testing.assert_allclose(modes.at(40), clip, atol=0.1)
    np.testing.assert_allclose(modes.at(79)[::2], clip, atol=0.1)
    assert not decompose(clip, gamma=1.0).amplitudes.any()


def test_dmdsp_of_clips_that_hold_little() -> None:
    with pytest.raises(ValueError, match="a clip of 2 frames: at least 3"):
        Dmdsp()(noise(2))
    with pytest.raises(ValueError, match="black all the time"):
        Dmdsp()(np.zeros((5, 4, 4), np.uint8))
    np.testing.assert_allclose(Dmdsp(4)(np.full((6, 4, 4), 9, np.uint8)), 9, atol=1e-3)


def test_uniform_sampling_by_hand() -> None:
    clip = np.arange(11)[:, None, None].astype(np.uint8)
    assert sample_uniformly(clip, 3).ravel().tolist() == [0, 5, 10]
    assert sample_uniformly(clip[:2], 4).ravel().tolist() == [0, 0, 1, 1]


def test_random_sampling_is_in_order_and_of_the_seed() -> None:
    clip = np.arange(20)[:, None, None].astype(np.uint8)
    drawn = sample_randomly(clip, 8, seed=1).ravel()
    assert (np.diff(drawn) > 0).all()  # none twice
    assert drawn.tolist() == sample_randomly(clip, 8, seed=1).ravel().tolist()
    assert drawn.tolist() != sample_randomly(clip, 8, seed=2).ravel().tolist()
    assert np.bincount(sample_randomly(clip[:3], 7).ravel().astype(int)).min() == 2
