import numpy as np
import pytest

from spotting.motion.gaze import GazeWatcher

FPS, IOD_PX = 60, 44.0
EYES = np.array([[42.0, 46.0], [86.0, 46.0]])


def face(shifts_px):
    """Two dark irises on a light ground, each moved to the side."""
    image = np.full((128, 128), 180, dtype=np.float64)
    y, x = np.mgrid[:128, :128]
    for (cx, cy), shift in zip(EYES, shifts_px, strict=True):
        image -= 120 * np.exp(-((x - cx - shift) ** 2 + (y - cy) ** 2) / (2 * 2.0**2))
    return np.clip(image, 0, 255).astype(np.uint8)


def largest(moves):
    """Largest measured shift (IOD) while the irises go from 0 to `moves` px within 0.05 s."""
    watcher, found = GazeWatcher(), []
    for k in range(40):
        share = np.clip((k - 20) / 3, 0.0, 1.0)
        image = face([share * move for move in moves])
        found.append(watcher.push(image, EYES, IOD_PX, k / FPS))
    return max(found)


@pytest.mark.parametrize("shift_px", [-1.5, 1.5])
def test_both_irises_to_one_side_are_a_shift_of_that_length(shift_px):
    assert largest((shift_px, shift_px)) == pytest.approx(1.5 / IOD_PX, rel=0.3)


def test_one_iris_alone_or_parting_irises_are_none():
    assert largest((1.5, 0.0)) < 0.002
    assert largest((1.5, -1.5)) == 0.0


def test_a_slow_drift_is_none():
    watcher = GazeWatcher()
    shifts = [watcher.push(face([k * 0.01] * 2), EYES, IOD_PX, k / FPS) for k in range(120)]
    assert max(shifts) < 0.005


@pytest.mark.parametrize("shift_px", [-2.0, -1.0, 0.0, 1.5])
def test_the_offset_is_where_the_irises_are(shift_px):
    watcher = GazeWatcher()
    watcher.push(face((shift_px, shift_px)), EYES, IOD_PX, 0.0)
    assert watcher.offset_iod == pytest.approx(shift_px / IOD_PX, abs=0.009)  # a third of a pixel


def test_the_offset_stays_in_the_eye_where_there_is_nothing_too():
    watcher = GazeWatcher()
    watcher.push(face((9.0, 9.0)), EYES, IOD_PX, 0.0)
    assert 0.05 < watcher.offset_iod <= 0.09
    watcher.push(np.full((128, 128), 90, np.uint8), EYES, IOD_PX, 1.0)
    assert abs(watcher.offset_iod) <= 0.09


@pytest.mark.parametrize("iod_px", [5.0, 12.0, 300.0])
def test_faces_of_any_size_have_an_offset(iod_px):
    watcher = GazeWatcher()
    watcher.push(face((0.0, 0.0)), EYES, iod_px, 0.0)
    assert np.isfinite(watcher.offset_iod)
