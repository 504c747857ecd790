import numpy as np

from streamer.faces.face_detection import FaceDetector
from streamer.faces.face_mesh import SIDE_PX, FaceMesh, to_picture
from streamer.faces.known_face import known_face
from streamer.faces.landmarks import inter_ocular_px
from streamer.faces.regions import Region, region_of_mesh


def test_points_of_a_crop_are_brought_back_by_hand():
    """Region of 96 px, half the crop's size, a quarter turn: x of the crop runs down."""
    points = np.zeros((468, 3), dtype=np.float32)
    points[0] = [96, 96, 10]
    points[1] = [192, 96, -4]
    moved = to_picture(points, Region((200.0, 100.0), 96.0, np.pi / 2))
    np.testing.assert_allclose(moved[0], [200, 100, 5], atol=1e-4)
    np.testing.assert_allclose(moved[1], [200, 148, -2], atol=1e-4)


def test_the_mesh_does_not_depend_on_where_and_how_large_the_face_is():
    """Followed in a picture of twice the size with a border, the points move along."""
    network, face = FaceMesh("cpu"), known_face()
    (detected,) = FaceDetector("cpu").find(face)
    (mesh,) = network.measure(face, [detected.region])
    larger = np.pad(face.repeat(2, 0).repeat(2, 1), ((30, 30), (50, 50), (0, 0)), mode="edge")
    region = region_of_mesh(mesh)
    x, y = region.centre_px
    there = Region((2 * x + 50.5, 2 * y + 30.5), 2 * region.size_px, region.angle_rad)
    (same,), (followed,) = network.measure(larger, [there]), network.measure(face, [region])
    back = (same.landmarks_px[:, :2] - (50.5, 30.5)) / 2
    gap = np.hypot(*(back - followed.landmarks_px[:, :2]).T) / inter_ocular_px(mesh.landmarks_px)
    assert np.median(gap) < 0.01


def test_presence_tells_a_face_from_a_wall_and_nothing_is_asked_for_nothing():
    network, face = FaceMesh("cpu"), known_face()
    (detected,) = FaceDetector("cpu").find(face)
    wall = Region((SIDE_PX / 2, SIDE_PX / 2), 40.0, 0.0)
    picture = np.pad(face, ((200, 0), (200, 0), (0, 0)))
    x, y = detected.region.centre_px
    there = Region((x + 200, y + 200), detected.region.size_px, detected.region.angle_rad)
    sure, empty = network.measure(picture, [there, wall])
    assert empty.score < 0.1 < 0.95 < sure.score
    assert network.measure(picture, []) == []
