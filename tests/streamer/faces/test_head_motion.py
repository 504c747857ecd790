import numpy as np
import pytest

from streamer.faces.head_motion import RigidFit

RNG = np.random.default_rng(3)
CELLS = np.column_stack(
    [RNG.uniform(-1, 1, 60), RNG.uniform(-1, 1.4, 60), RNG.uniform(-0.5, 0.5, 60)]
)


@pytest.mark.parametrize("index", range(6))
def test_each_head_movement_is_recovered(index):
    fit = RigidFit(CELLS)
    truth = np.zeros(6)
    truth[index] = 0.03
    found = fit.solve(fit.motion(truth), np.ones(60))
    # Yaw and pitch are held back a little (ridge), so some of them may be missing, never too much.
    assert 0.7 * 0.03 < found[index] < 1.05 * 0.03
    np.testing.assert_allclose(np.delete(found, index), 0.0, atol=0.002)


def test_the_model_is_the_one_that_is_written_down():
    """u = tx + sX - wY + aZ, v = ty + sY + wX + bZ at (X, Y, Z) = (2, 3, 5)."""
    fit = RigidFit(np.array([[2.0, 3.0, 5.0]]))
    tx, ty, s, w, a, b = 0.1, 0.2, 0.3, 0.4, 0.5, 0.6
    expected = [[tx + s * 2 - w * 3 + a * 5, ty + s * 3 + w * 2 + b * 5]]
    np.testing.assert_allclose(fit.motion(np.array([tx, ty, s, w, a, b])), expected)


def test_a_moving_brow_does_not_pull_the_head_along():
    fit = RigidFit(CELLS)
    motion = np.zeros((60, 2))
    brow = CELLS[:, 1] < -0.6
    assert 3 < brow.sum() < 20
    motion[brow, 1] = -0.04
    head = fit.solve(motion, np.ones(60))
    residual = motion - fit.motion(head)
    assert np.abs(residual[~brow]).max() < 0.004
    assert np.abs(residual[brow, 1] + 0.04).max() < 0.006


def test_no_weight_at_all_means_no_head_motion():
    fit = RigidFit(CELLS)
    np.testing.assert_allclose(fit.solve(np.full((60, 2), 0.1), np.zeros(60)), 0.0, atol=1e-12)
