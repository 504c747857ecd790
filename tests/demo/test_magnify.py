"""Magnified motion, measured again in the pictures that come out."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from demo.pictures import LARGEST, _moved, magnified, motion_px
from recognition.config import face_of
from streamer.outputs.aligned_faces import FaceStrip
from streamer.outputs.magnify_past import face_mask

SIZE, SCALE = 128, 2
MOUTH = (64.0, 92.0)  # x, y in aligned pixels
WIDTH_PX = 14.0  # of the bump


def bump(dx: float, dy: float) -> NDArray[np.float32]:
    """A movement of one place of the face, in pixels."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    share = np.exp(-((x - MOUTH[0]) ** 2 + (y - MOUTH[1]) ** 2) / (2 * WIDTH_PX**2))
    return np.stack([dx * share, dy * share], axis=-1).astype(np.float32)


def shifted(image: NDArray[np.uint8], dx: float, dy: float) -> NDArray[np.uint8]:
    """The image with that movement in it."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    back = bump(-dx, -dy)
    return cv2.remap(image, x + back[..., 0], y + back[..., 1], cv2.INTER_CUBIC)


def made(images: list[NDArray[np.uint8]], anchor: list[int] | None = None) -> FaceStrip:
    count = len(images)
    return FaceStrip(
        np.stack(images), np.arange(count) / 30, np.arange(count),
        np.array(anchor or [0] * count), 0, count - 1, count - 1,
    )  # fmt: skip


def measured(still: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean motion (x, y) around the place that moves, in large pixels, by DIS flow."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    grey = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (still, image)]
    found = flow.calc(*grey, None)
    x, y = (round(SCALE * at) for at in MOUTH)
    return found[y - 3 : y + 4, x - 3 : x + 4].mean(axis=(0, 1))


def test_factor_1_is_the_recording(strip: FaceStrip) -> None:
    frames = magnified(strip, 1.0)
    count, size = len(strip.images), strip.images.shape[1]
    assert frames.shape == (count, 2 * size, 2 * size, 3) and frames.dtype == np.uint8
    for frame, image in zip(frames, strip.images, strict=True):
        assert np.array_equal(
            frame, cv2.resize(image, (2 * size, 2 * size), interpolation=cv2.INTER_CUBIC)
        )
    assert np.array_equal(magnified(strip, 1.0, scale=1), strip.images)


@pytest.mark.parametrize(("dx", "dy"), [(0.5, 0.0), (0.0, -0.6), (0.4, 0.4)])
def test_a_known_movement_grows_with_the_factor(strip: FaceStrip, dx: float, dy: float) -> None:
    onset = strip.images[strip.onset]
    both = made([onset, shifted(onset, dx, dy)])
    true = SCALE * np.array([dx, dy])
    found = {}
    for factor in (2.0, 4.0, 8.0):
        still, moved = magnified(both, factor)
        found[factor] = measured(still, moved)
        # DIS sees a little less than the truth of a subpixel movement, and the head's share goes.
        away = np.linalg.norm(found[factor] - factor * true) / np.linalg.norm(factor * true)
        assert away < 0.35, (factor, found[factor], factor * true)
    lengths = [np.linalg.norm(found[factor]) for factor in (2.0, 4.0, 8.0)]
    assert lengths[1] / lengths[0] == pytest.approx(2.0, rel=0.15)
    assert lengths[2] / lengths[1] == pytest.approx(2.0, rel=0.15)


def test_what_is_at_rest_stays_at_rest(strip: FaceStrip) -> None:
    onset = strip.images[strip.onset]
    still, again = magnified(made([onset, onset]), LARGEST)
    assert np.array_equal(still, again)


def test_head_motion_is_not_magnified(strip: FaceStrip) -> None:
    """The whole face two thirds of a pixel to the right: none of it is left."""
    onset = strip.images[strip.onset]
    matrix = np.array([[1.0, 0.0, 0.66], [0.0, 1.0, 0.0]])
    nodded = cv2.warpAffine(
        onset, matrix, (SIZE, SIZE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    still, moved = magnified(made([onset, nodded]), 8.0)
    assert np.linalg.norm(measured(still, moved)) < 0.15 * 8.0 * SCALE * 0.66
    centre = motion_px(onset, nodded)[40:100, 40:90]
    assert np.abs(centre).mean() < 0.1


def test_a_real_event_is_magnified(strip: FaceStrip) -> None:
    still = magnified(strip, 1.0)[strip.onset].astype(int)
    apart = [
        np.abs(magnified(strip, factor)[strip.apex].astype(int) - still).mean()
        for factor in (2.0, 8.0, 20.0)
    ]
    assert 0.1 < apart[0] < apart[1] < apart[2]


@pytest.mark.parametrize("factor", [0.0, 0.99, 20.01, -3.0, float("nan"), float("inf")])
def test_other_factors_are_refused(strip: FaceStrip, factor: float) -> None:
    with pytest.raises(ValueError, match="choose 1 to 20"):
        magnified(strip, factor)


def test_frames_of_another_alignment_repeat_the_one_before(strip: FaceStrip) -> None:
    onset = strip.images[strip.onset]
    images = [shifted(onset, 0.0, 0.3 * n) for n in range(6)]
    one = replace(made(images, [5, 7, 7, 8, 7, 5]), onset=1)
    frames = magnified(one, 6.0)
    assert len({frame.tobytes() for frame in frames}) == 3
    first_still = cv2.resize(images[1], (256, 256), interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(frames[0], first_still)  # nothing came before: the onset
    assert np.array_equal(frames[3], frames[2])
    assert not np.array_equal(frames[4], frames[3])
    assert np.array_equal(frames[5], frames[4])


def _sources(field: NDArray[np.float32], factor: float) -> NDArray[np.int64]:
    """Where each pixel of the large picture comes from (x, y): the picture shows its own places."""
    large = SCALE * SIZE  # 256: a place fits into a byte
    y, x = np.mgrid[0:large, 0:large].astype(np.uint8)
    places = np.stack([x, y, np.zeros_like(x)], axis=-1)
    return _moved(places, field, factor, SCALE)[..., :2].astype(np.int64)


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_the_face_never_folds(way: float) -> None:
    field = bump(way * 4.0, 0.0)
    x = _sources(field, LARGEST)[..., 0]
    assert np.diff(x, axis=1).min() >= -1  # the order of a row's pixels stays; 1 is rounding
    assert np.abs(x - np.arange(2 * SIZE)).max() > 30  # and it was moved a long way
    # The plain way, straight to 20 times the motion, would fold.
    large = cv2.resize(field[..., 0], (2 * SIZE, 2 * SIZE)) * LARGEST * SCALE
    straight = np.arange(2 * SIZE) - large
    assert np.diff(straight, axis=1).min() < -2
    y = _sources(bump(0.0, way * 4.0), LARGEST)[..., 1]
    assert np.diff(y, axis=0).min() >= -1


def test_the_surroundings_stay() -> None:
    mask = face_mask(SIZE)
    (eye_x, eye_y), iod = face_of(SIZE).eyes_px, face_of(SIZE).iod_px
    assert mask[round(eye_y), round(eye_x)] == mask[round(eye_y + iod), round(eye_x)] == 1.0
    assert mask[0, 0] == mask[0, -1] == mask[-1, 0] == mask[-1, -1] == 0.0
    whole = np.full((SIZE, SIZE, 2), 1.5, dtype=np.float32)
    found = _sources(whole, 8.0)
    assert found[0, 0].tolist() == [0, 0] and found[-1, -1].tolist() == [255, 255]
    assert abs(found[160, 128, 0] - 128) > 15
