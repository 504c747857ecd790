import math

import numpy as np
import pytest

from spotting.motion.limits import FARTHEST_IOD, faded, within_limits
from spotting.motion.regions import REGION_NAMES


def test_what_a_face_can_do_is_left_as_it_is():
    motion = np.zeros((len(REGION_NAMES), 2))
    motion[REGION_NAMES.index("brow_inner_left")] = (0.03, -0.12)
    motion[REGION_NAMES.index("chin")] = (0.0, 0.5)
    np.testing.assert_allclose(within_limits(motion), motion, atol=1e-7)


def test_what_no_face_can_do_keeps_its_direction_and_loses_its_length():
    motion = np.tile([3.0, 4.0], (len(REGION_NAMES), 1))
    limited = within_limits(motion)
    np.testing.assert_allclose(limited, FARTHEST_IOD[:, None] * (0.6, 0.8), rtol=1e-6)
    brow, jaw = (FARTHEST_IOD[REGION_NAMES.index(name)] for name in ("brow_inner_left", "chin"))
    assert (brow, jaw) == (0.25, 0.6)


def test_what_is_carried_fades_by_its_age():
    np.testing.assert_allclose(faded(np.array([[0.2, 0.1]]), 10.0), np.array([[0.2, 0.1]]) / math.e)
    assert faded(np.ones((1, 2)), 0.0) == pytest.approx(np.ones((1, 2)))
