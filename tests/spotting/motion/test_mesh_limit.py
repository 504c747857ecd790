import numpy as np
import pytest

from spotting.motion.mesh_limit import MeshLimit
from spotting.motion.regions import REGION_NAMES
from streamer.core.records import MeshReading

EYE, BROW = REGION_NAMES.index("eye_left"), REGION_NAMES.index("brow_inner_left")
MOUTH = REGION_NAMES.index("mouth_left")
FPS = 30


def after_one_second(region, flow_iod, mesh_iod, measured=lambda frame: True):
    """What is left of a region that goes so far by the flow and by the mesh from 0.9 s on."""
    limit, reading = MeshLimit(), None
    for frame in range(FPS + 1):
        moves = frame >= 0.9 * FPS
        if reading is None or measured(frame):
            where = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)
            where[region, 1] = mesh_iod * moves
            lids, turn = np.full(2, 0.15, dtype=np.float32), np.zeros(3)
            reading = MeshReading(frame, frame / FPS, where, lids, 0.01, turn)
        moved = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)
        moved[[region, MOUTH], 1] = flow_iod * moves
        found = limit.limited(moved, reading, frame / FPS)
    assert found[MOUTH, 1] == moved[MOUTH, 1]  # of other regions nothing is taken
    return float(found[region, 1])


@pytest.mark.parametrize("region", [EYE, BROW])
def test_what_the_mesh_sees_too_stays(region):
    assert after_one_second(region, 0.05, 0.03) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(("region", "flow_iod"), [(EYE, 0.01), (BROW, 0.018)])
def test_a_small_movement_needs_no_mesh(region, flow_iod):
    assert after_one_second(region, flow_iod, 0.0) == pytest.approx(flow_iod, abs=1e-6)


@pytest.mark.parametrize(("region", "missed_iod"), [(EYE, 0.012), (BROW, 0.02)])
def test_a_slip_that_the_mesh_does_not_see_is_cut(region, missed_iod):
    assert after_one_second(region, 0.15, 0.0) == pytest.approx(missed_iod + 0.02, abs=0.015)


def test_an_old_mesh_says_less():
    """The mesh of 0.77 s knows nothing of 0.9 s: (0.133 - 0.07) s let 0.032 more pass."""
    old = after_one_second(EYE, 0.15, 0.0, lambda frame: frame % 23 == 0)
    assert old == pytest.approx(0.012 + 0.032 + 0.005, abs=0.005)


@pytest.mark.parametrize("region", [EYE, BROW])
def test_what_a_fresh_mesh_took_off_stays_off_while_it_grows_old(region):
    """A slip of 0.15 at 0.5 s: nothing moves from then on, so nothing may seem to."""
    limit, found = MeshLimit(), []
    for frame in range(FPS + 1):
        time_s = frame / FPS
        where, lids = np.zeros((len(REGION_NAMES), 2)), np.full(2, 0.15, dtype=np.float32)
        reading = MeshReading(0, min(time_s, 0.6), where, lids, 0.01, np.zeros(3))
        moved = np.zeros((len(REGION_NAMES), 2), dtype=np.float32)
        moved[region, 1] = 0.15 * (frame >= FPS // 2)
        found.append(float(limit.limited(moved, reading, time_s)[region, 1]))
    since = np.diff(found[FPS // 2 + 1 :])
    assert found[-1] > 0.01
    assert np.abs(since).max() < 0.006  # rest follows the flow within a second, no more
