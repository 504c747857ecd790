import numpy as np
import pytest

from streamer.core.records import Frame
from streamer.faces.config import FaceConfig
from streamer.faces.detector import known_face, open_detector
from streamer.faces.patch_change import patches_of
from streamer.faces.tracker import FaceTracker
from tests.streamer.faces.test_tracker import ScriptedFinder


@pytest.fixture(scope="module")
def portrait():
    image = known_face()
    with open_detector(FaceConfig(max_faces=1)) as detector:
        (found,) = detector.detect(image)
    return image, found.landmarks_px


def changed(portrait, image):
    before, mesh = portrait
    return any(patch.has_changed(image) for patch in patches_of(before, [mesh]))


def with_closed_eyes(portrait):
    """Skin over both eyes."""
    image, mesh = portrait[0].copy(), portrait[1]
    for corner, other in ((33, 133), (362, 263)):
        (x0, y), (x1, _) = mesh[[corner, other], :2].astype(int)
        height = max(2, (x1 - x0) // 3)
        image[y - height : y + height, x0:x1] = image[y + 2 * height, (x0 + x1) // 2]
    return image


def test_noise_light_and_what_lies_beside_the_face_change_nothing(portrait):
    image, mesh = portrait
    noise = np.random.default_rng(0).normal(0, 3, image.shape)
    brighter = np.clip(image * 0.9 + 12.0 + noise, 0, 255).astype(np.uint8)
    beside = image.copy()
    beside[:, : max(0, int(mesh[:, 0].min()) - 2)] = 255
    assert not changed(portrait, image)
    assert not changed(portrait, brighter)
    assert not changed(portrait, beside)


def test_eyes_that_close_and_a_head_that_moves_are_changes(portrait):
    image, mesh = portrait
    step = int(0.08 * np.ptp(mesh[:, 0]))
    assert changed(portrait, with_closed_eyes(portrait))
    assert changed(portrait, np.roll(image, step, axis=1))


def test_a_picture_of_another_size_is_a_change(portrait):
    assert changed(portrait, portrait[0][:-1, : portrait[0].shape[1] // 2])


@pytest.mark.parametrize(("moving_s", "expected"), [(0.06, [0, 8, 10, 13]), (0.25, [0, 8])])
def test_the_tracker_measures_more_often_while_a_face_changes(portrait, moving_s, expected):
    """At 30 a second. The schedule has frames 0 and 8; the eyes are closed in 9 to 12."""
    image, mesh = portrait
    tracker = FaceTracker(ScriptedFinder([[mesh]]), FaceConfig(moving_interval_s=moving_s))
    closed = with_closed_eyes(portrait)
    shown = [closed if 9 <= frame <= 12 else image for frame in range(16)]
    faces = [tracker.push(Frame(k, k / 30, one)) for k, one in enumerate(shown)]
    assert [k for k, (face,) in enumerate(faces) if face.measured] == expected
