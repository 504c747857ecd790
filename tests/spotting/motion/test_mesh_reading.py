"""Readings of a real mesh that is turned, moved and scaled by known amounts."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spotting.motion.mesh_reading import MeshReader
from spotting.motion.regions import REGION_NAMES
from tests.streamer.faces.meshes import mesh_at, upright_mesh

BROW = REGION_NAMES.index("brow_inner_left")
_BROW_POINTS = [105, 52, 66, 65, 107, 55]


def turned(degrees=(0.0, 0.0, 0.0), iod_px=60.0, change=None):
    """The test face turned about x, y and z, at a place of its own."""
    mesh = upright_mesh().astype(np.float64)
    if change is not None:
        change(mesh)
    own = Rotation.from_euler("xyz", degrees, degrees=True).apply(mesh) * iod_px
    return (own + np.array([200.0, 150.0, 0.0])).astype(np.float32)


def read(*meshes):
    reader = MeshReader()
    return [reader.read(mesh, k, 0.25 * k) for k, mesh in enumerate(meshes)]


@pytest.mark.parametrize("degrees", [(15, 0, 0), (0, 20, 0), (0, 0, 25), (10, -15, 20)])
def test_a_face_that_turns_comes_nearer_and_goes_stays_where_it_is(degrees):
    first, second = read(turned(), turned(degrees, iod_px=85.0))
    np.testing.assert_allclose(second.regions_iod, first.regions_iod, atol=0.002)
    np.testing.assert_allclose(second.lids_iod, first.lids_iod, atol=0.001)
    assert second.lips_iod == pytest.approx(first.lips_iod, abs=0.001)
    before, after = (Rotation.from_rotvec(one.turn_rad) for one in (first, second))
    expected = Rotation.from_euler("xyz", degrees, degrees=True).magnitude()
    assert (after * before.inv()).magnitude() == pytest.approx(expected, abs=0.01)


def test_a_raised_brow_on_a_turned_head_is_read_in_eye_distances():
    def raise_brow(mesh):
        mesh[_BROW_POINTS, 1] -= 0.05

    before, after = read(turned(), turned((0, 15, 0), change=raise_brow))
    moved = after.regions_iod - before.regions_iod
    assert moved[BROW] == pytest.approx((0.0, -0.05), abs=0.01)
    mouth = [i for i, name in enumerate(REGION_NAMES) if name.startswith("mouth")]
    assert np.abs(moved[mouth]).max() < 0.003


def test_lids_and_lips_are_read_as_they_open():
    def close(mesh):
        for upper, lower in ((159, 145), (158, 153), (160, 144)):
            mesh[upper, 1] = mesh[lower, 1]

    def open_mouth(mesh):
        mesh[[14, 87, 317], 1] += 0.2

    before, blink, mouth = read(turned(), turned(change=close), turned(change=open_mouth))
    assert blink.lids_iod[0] < 0.4 * before.lids_iod[0]
    assert blink.lids_iod[1] == pytest.approx(before.lids_iod[1], abs=1e-3)
    assert mouth.lips_iod - before.lips_iod == pytest.approx(0.2, abs=0.02)


def test_the_first_face_may_be_rolled():
    level, rolled = read(mesh_at(100.0, 100.0))[0], read(mesh_at(100.0, 100.0, 60.0, 40.0))[0]
    np.testing.assert_allclose(level.regions_iod, rolled.regions_iod, atol=0.01)
