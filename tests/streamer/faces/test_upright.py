"""The models themselves on a picture whose roll is known."""

import cv2
import numpy as np
import pytest

from streamer.faces.config import FaceConfig
from streamer.faces.face_detection import FaceDetector
from streamer.faces.face_mesh import FaceMesh
from streamer.faces.known_face import known_face
from streamer.faces.landmarks import roll_rad
from streamer.faces.regions import Region
from streamer.faces.search import FaceSearch
from streamer.faces.upright import evidence, quarters_of, turned
from streamer.faces.views import further_views, whole


@pytest.fixture(scope="module")
def models():
    return FaceDetector("cpu"), FaceMesh("cpu")


@pytest.fixture(scope="module")
def search(models):
    return FaceSearch(*models, FaceConfig())


def rolled(degrees):
    """The test picture turned clockwise."""
    picture = known_face()
    height, width = picture.shape[:2]
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(picture, -degrees // 90))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 0.8)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def pasted(iod_px, size, at=(0.7, 0.3)):
    """The test picture in a large grey one, with so many pixels between the eyes."""
    scale = iod_px / 26.7  # of the picture itself, by its mesh
    small = cv2.resize(known_face(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    large = np.full((size[1], size[0], 3), 110, dtype=np.uint8)
    x, y = (
        int(f * (length - side))
        for f, length, side in zip(at, size, small.shape[1::-1], strict=True)
    )
    large[y : y + small.shape[0], x : x + small.shape[1]] = small
    return large


def look(search, image, quarters=0):
    height, width = image.shape[:2]
    views = [whole(width, height, quarters), *further_views(width, height, quarters)]
    return search.search(image, views, (), quarters * np.pi / 2)


@pytest.mark.parametrize("degrees", [0, 45, -45, 60, 90, 180, 270])
def test_a_face_is_found_the_right_way_up(search, degrees):
    (mesh,) = look(search, rolled(degrees)).meshes
    off = np.degrees(roll_rad(mesh.landmarks_px)) - degrees
    assert abs((off + 180) % 360 - 180) < 12  # the portrait itself is tilted a little
    assert mesh.score > 0.9


@pytest.mark.parametrize("degrees", [0, 180])
def test_what_speaks_for_a_mesh_changes_its_sign_with_it(search, models, degrees):
    image = rolled(degrees)
    (mesh,) = look(search, image).meshes
    assert evidence(models[0], image, mesh) > 0.05
    wrong = search.upended(image, mesh)
    assert wrong is None or evidence(models[0], image, wrong) < -0.05


def test_a_small_face_in_a_large_picture_is_found_where_it_is(search):
    image = pasted(40.0, (3840, 2160))
    assert search.search(image, [whole(3840, 2160)], (), 0.0).meshes == []
    (mesh,) = look(search, image).meshes
    y, x = np.argwhere((image != 110).any(axis=2)).mean(axis=0)
    assert mesh.landmarks_px[:, :2].mean(axis=0) == pytest.approx([x, y], abs=45)


def test_a_face_that_is_too_small_to_follow_is_told_of(search):
    seen = look(search, pasted(13.0, (640, 480)))
    assert seen.meshes == []
    assert seen.small_px == pytest.approx(2.0 * 13.0, rel=0.35)


def test_what_is_known_is_not_found_again(search):
    image = known_face()
    (mesh,) = look(search, image).meshes
    height, width = image.shape[:2]
    assert search.search(image, [whole(width, height)], [mesh], 0.0).meshes == []
    (followed,) = search.follow(image, [mesh])
    assert np.abs(followed.landmarks_px - mesh.landmarks_px)[:, :2].mean() < 1.0


def test_textures_hold_no_face(search):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (36, 64, 3)).astype(np.uint8)
    image = cv2.resize(coarse, (640, 360), interpolation=cv2.INTER_CUBIC)
    for view in (whole(640, 360), *further_views(640, 360, 0)):
        seen = search.search(image, [view], (), 0.0)
        assert (seen.meshes, seen.small_px) == ([], None)


@pytest.mark.parametrize(("degrees", "quarters"), [(0, 0), (44, 0), (91, 1), (-179, 2), (-90, 3)])
def test_the_nearest_quarter_of_a_roll(degrees, quarters):
    assert quarters_of(np.radians(degrees)) == quarters


def test_a_turn_stays_within_a_half():
    for angle in np.linspace(-3.1, 3.1, 9):
        by = turned(Region((1.0, 2.0), 3.0, float(angle)), np.pi)
        assert abs(by.angle_rad) <= np.pi
        assert np.cos(by.angle_rad) == pytest.approx(-np.cos(angle))
