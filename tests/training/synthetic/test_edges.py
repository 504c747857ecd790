"""The smoother stops at edges, keeps sums, and solves the equation of the paper."""

import numpy as np
import pytest

from training.synthetic.edges import _along_rows, smooth_globally


def test_one_row_solves_the_equation_by_hand():
    """Two pixels alike: (1 + r) u0 - r u1 = f0 and the other way round; r = 1: (2 f0 + f1) / 3."""
    row = np.array([[[0.0], [3.0]]])
    smooth = _along_rows(row, np.zeros((1, 2), np.uint8), 1.0, 4.0)
    assert smooth.ravel() == pytest.approx([1.0, 2.0])


def test_rows_do_not_flow_into_each_other():
    planes = np.zeros((2, 3, 1))
    planes[0] = 6.0
    smooth = _along_rows(planes, np.zeros((2, 3), np.uint8), 50.0, 4.0)
    np.testing.assert_allclose(smooth, planes, atol=1e-9)


def test_flat_pieces_are_evened_out_and_edges_kept():
    rng = np.random.default_rng(0)
    guide = np.zeros((20, 24), np.uint8)
    guide[:, 12:] = 200
    planes = rng.standard_normal((20, 24, 2)).astype(np.float32)
    planes[:, 12:] += 10.0
    smooth = smooth_globally(planes, guide, 500.0, 4.0)
    assert smooth.dtype == np.float32
    for part in (np.s_[:, :12], np.s_[:, 12:]):
        assert smooth[part].std() < 0.15
        np.testing.assert_allclose(smooth[part].mean((0, 1)), planes[part].mean((0, 1)), atol=1e-4)


def test_the_same_as_opencv_contrib_where_it_is_installed():
    cv2 = pytest.importorskip("cv2")
    if not hasattr(cv2, "ximgproc"):
        pytest.skip("this OpenCV has no contrib part")
    rng = np.random.default_rng(1)
    guide = np.repeat(rng.integers(0, 5, (11, 38), dtype=np.uint8) * 40, 2, axis=1)
    planes = rng.standard_normal((11, 76, 3)).astype(np.float32)
    theirs = cv2.ximgproc.fastGlobalSmootherFilter(guide, planes, 120.0, 4.0, num_iter=2)
    np.testing.assert_allclose(smooth_globally(planes, guide, 120.0, 4.0), theirs, atol=2e-5)
