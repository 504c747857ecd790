import numpy as np
import pytest

from spotting.motion.appearance import AppearanceWatcher

FPS, IOD_PX = 30, 40.0
CENTRES = np.array([[40.0, 50.0], [90.0, 50.0]])


def picture(rng):
    return rng.integers(60, 200, (128, 128)).astype(np.uint8)


def changed(image, which, rng):
    """The picture with other texture over some of the patches."""
    other = image.copy()
    for k in which:
        x, y = CENTRES[k].astype(int)
        other[y - 12 : y + 12, x - 15 : x + 15] = rng.integers(60, 200, (24, 30))
    return other


def excesses(which, rank, frames=12):
    rng = np.random.default_rng(1)
    still = picture(rng)
    watcher = AppearanceWatcher(width_iod=0.46, height_iod=0.22, rank=rank, step_s=0.0)
    for k in range(60):
        noisy = np.clip(still + rng.normal(0, 2, still.shape), 0, 255).astype(np.uint8)
        rest = watcher.push(noisy, CENTRES, IOD_PX, k / FPS)
    other = changed(still, which, rng)
    return rest, watcher.push(other, CENTRES, IOD_PX, 60 / FPS)


def test_camera_noise_is_the_usual_level():
    rest, _ = excesses((), 0)
    assert abs(rest) < 0.02


def test_with_rank_0_all_patches_must_change():
    assert excesses((0, 1), 0)[1] > 0.5
    assert abs(excesses((0,), 0)[1]) < 0.05


def test_with_the_last_rank_one_is_enough():
    assert excesses((0,), -1)[1] > 0.5


def test_brightness_and_contrast_are_no_change():
    rng = np.random.default_rng(2)
    still = picture(rng)
    watcher = AppearanceWatcher(width_iod=0.46, height_iod=0.22, rank=-1, step_s=0.0)
    for k in range(60):  # the usual level is learned
        watcher.push(still, CENTRES, IOD_PX, k / FPS)
    brighter = np.clip(still * 0.8 + 30, 0, 255).astype(np.uint8)
    assert watcher.push(brighter, CENTRES, IOD_PX, 60 / FPS) == pytest.approx(0.0, abs=0.05)


def test_frames_that_follow_too_soon_are_skipped():
    rng = np.random.default_rng(3)
    still = picture(rng)
    watcher = AppearanceWatcher(width_iod=0.46, height_iod=0.22, rank=-1, step_s=0.05)
    other = changed(still, (0, 1), rng)
    for k in range(30):
        watcher.push(still, CENTRES, IOD_PX, 0.1 * k)
    assert watcher.push(other, CENTRES, IOD_PX, 2.94) < 0.05
    assert watcher.push(other, CENTRES, IOD_PX, 2.96) > 0.5
