import numpy as np
import pytest

from streamer.faces.landmarks import Mesh
from streamer.faces.regions import Region, crop, overlap, region_of_detection, region_of_mesh


def test_the_region_of_a_level_detection_by_hand():
    """Box 40 wide, 30 high, centre (60, 45): a square of 1.5 * 40."""
    keypoints = np.array([[50, 40], [70, 40], *[[60, 50]] * 4], dtype=np.float32)
    region = region_of_detection((40.0, 30.0, 80.0, 60.0), keypoints)
    assert region.centre_px == (60.0, 45.0)
    assert region.size_px == 60.0
    assert region.angle_rad == 0.0


def test_a_region_turns_with_the_eyes():
    """The eye on the right lies 10 lower and 10 to the right: the head is turned clockwise."""
    keypoints = np.array([[50, 40], [60, 50], *[[60, 50]] * 4], dtype=np.float32)
    region = region_of_detection((40.0, 30.0, 80.0, 60.0), keypoints)
    assert region.angle_rad == pytest.approx(np.pi / 4)


def test_the_region_of_a_mesh_by_hand():
    """All points in a box from (10, 20) to (110, 100), eye corners upright: a quarter turn."""
    points = np.full((468, 3), 50.0, dtype=np.float32)
    points[0, :2], points[1, :2] = (10, 20), (110, 100)
    points[33, :2], points[263, :2] = (60, 40), (60, 80)
    region = region_of_mesh(Mesh(points, 1.0))
    assert region.centre_px == (60.0, 60.0)
    assert region.size_px == 150.0
    assert region.angle_rad == pytest.approx(np.pi / 2)


def test_the_corners_of_a_crop_are_those_of_the_turned_square():
    """Side 20 about (100, 50), a quarter turn: the crop's top left is at the top right."""
    matrix = Region((100.0, 50.0), 20.0, np.pi / 2).matrix(10)
    corners = np.array([[0, 0, 1], [10, 0, 1], [10, 10, 1], [0, 10, 1]]) @ matrix.T
    np.testing.assert_allclose(corners, [[110, 40], [110, 60], [90, 60], [90, 40]], atol=1e-9)


def test_a_crop_at_the_scale_of_the_picture_is_a_part_of_it_and_its_edge_goes_on():
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    inside = crop(picture, Region((30.0, 20.0), 16.0, 0.0), 16)
    np.testing.assert_array_equal(inside, picture[12:28, 22:38])
    outside = crop(picture, Region((0.0, 20.0), 16.0, 0.0), 16)
    np.testing.assert_array_equal(outside[:, :8], np.repeat(picture[12:28, :1], 8, axis=1))


def test_overlap_by_hand():
    """Sides 10, shifted by 5: 50 of 150 in common."""
    one = Region((0.0, 0.0), 10.0, 0.3)
    assert overlap(one, Region((5.0, 0.0), 10.0, -1.0)) == pytest.approx(1 / 3)
    assert overlap(one, one) == pytest.approx(1.0)
    assert overlap(one, Region((20.0, 0.0), 10.0, 0.0)) == 0.0
