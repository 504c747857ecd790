import numpy as np
import pytest

from streamer.faces.face_detection import FaceDetector, anchors, decode, letterbox, suppress
from streamer.faces.known_face import known_face
from streamer.faces.regions import overlap

CENTRES = anchors()


def test_anchors_by_hand():
    """Two at each of 16 x 16 places, then six at each of 8 x 8, in the middle of their cells."""
    assert CENTRES.shape == (896, 2)
    np.testing.assert_allclose(CENTRES[0], [0.5 / 16, 0.5 / 16])
    np.testing.assert_allclose(CENTRES[1], CENTRES[0])
    np.testing.assert_allclose(CENTRES[2], [1.5 / 16, 0.5 / 16])
    np.testing.assert_allclose(CENTRES[2 * 16], [0.5 / 16, 1.5 / 16])
    np.testing.assert_allclose(CENTRES[511], [15.5 / 16, 15.5 / 16])
    np.testing.assert_allclose(CENTRES[512:518], np.full((6, 2), 0.5 / 8))
    np.testing.assert_allclose(CENTRES[-1], [7.5 / 8, 7.5 / 8])


def test_a_prediction_is_decoded_by_hand():
    """Anchor 2 at (12, 4) px: box centre 6 px right of it, 32 x 16 px; first keypoint on it."""
    predictions = np.zeros((896, 17), dtype=np.float32)
    predictions[:, 16] = -50.0
    predictions[2, :4] = [6, 0, 32, 16]
    predictions[2, 16] = np.log(3.0)  # a score of 3 / 4
    boxes, scores = decode(predictions, CENTRES, 0.5)
    assert scores.tolist() == pytest.approx([0.75])
    np.testing.assert_allclose(boxes[0, :4] * 128, [2, -4, 34, 12], atol=1e-5)
    np.testing.assert_allclose(boxes[0, 4:] * 128, [12, 4] * 6, atol=1e-5)


def test_no_face_below_the_least_score_or_of_a_negative_size():
    predictions = np.zeros((896, 17), dtype=np.float32)
    predictions[:, 2:4] = 10.0
    predictions[:, 16] = -1.0
    predictions[5, 2] = -10.0
    predictions[5, 16] = 9.0
    assert len(decode(predictions, CENTRES, 0.5)[1]) == 0


def test_boxes_of_one_face_are_averaged_by_their_scores():
    """Two overlap by 9 / 11, a third is elsewhere: the mean of the two has weights .8 and .4."""
    boxes = np.zeros((3, 16))
    boxes[0, :4], boxes[1, :4], boxes[2, :4] = (1, 0, 11, 10), (0, 0, 10, 10), (40, 0, 50, 10)
    found = suppress(boxes, np.array([0.8, 0.4, 0.9]))
    assert [score for _, score in found] == [0.9, 0.8]
    np.testing.assert_allclose(found[1][0][:4], [2 / 3, 0, 10 + 2 / 3, 10])


def test_a_wide_picture_lies_in_the_middle_of_a_black_square():
    square = letterbox(np.full((64, 128, 3), 200, dtype=np.uint8))
    assert (square[:32] == 0).all()
    assert (square[96:] == 0).all()
    assert (square[32:96] == 200).all()


def test_a_face_is_found_where_it_was_put():
    """The same portrait twice in a wide picture: the region moves along with it."""
    face = known_face()
    size = face.shape[0]
    picture = np.full((size + 40, 3 * size, 3), 90, dtype=np.uint8)
    picture[10 : 10 + size, 5 : 5 + size] = face
    picture[30 : 30 + size, 2 * size : 3 * size] = face
    found = sorted(FaceDetector("cpu").find(picture), key=lambda one: one.box_px[0])
    assert len(found) == 2
    first, second = (one.region for one in found)
    moved = np.array(second.centre_px) - first.centre_px
    np.testing.assert_allclose(moved, [2 * size - 5, 20], atol=0.04 * size)
    assert second.size_px == pytest.approx(first.size_px, rel=0.1)
    assert overlap(first, second) < 0.1
    assert all(one.keypoints_px[0, 0] < one.keypoints_px[1, 0] for one in found)
