"""The baselines find what they were made for, and their formulas by hand."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from streamer.core.records import AlignedFace
from streamer.faces.detector import known_face
from training.spotting.baselines import he2021, mdmd, softnet_like
from training.spotting.baselines.offline import FlowMeter, OfflineSpotter, runs_over
from training.spotting.spotters import SPOTTERS
from training.synthetic.render import load_portrait

FPS = 30.0
APEX = 75  # frame of the only movement; it lasts 13 frames


@pytest.fixture(scope="module")
def portrait():
    return load_portrait(known_face(), 128)


def face_at(portrait, index, lift_px, anchor=0):
    """The face with its brows lifted."""
    mesh = portrait.landmarks_px
    ys, xs = np.mgrid[0:128, 0:128].astype(np.float32)
    centre = mesh[[105, 334], :2].mean(axis=0)
    weight = np.exp(-(((xs - centre[0]) / 40) ** 2) - ((ys - centre[1]) / 8) ** 2)
    image = cv2.remap(
        portrait.image, xs, ys + np.float32(lift_px) * weight, cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    unit = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
    return AlignedFace(index, index / FPS, image, SimpleNamespace(face_id=4), anchor, unit, mesh)


def watch(spotter, portrait, frames=150, height_px=3.0, half=6.5):
    for index in range(frames):
        part = abs(index - APEX) / half
        lift = height_px * (0.5 + 0.5 * np.cos(np.pi * part)) if part < 1 else 0.0
        spotter.push([face_at(portrait, index, lift)])
    return spotter.flush()


@pytest.mark.parametrize("name", [n for n, entry in SPOTTERS.items() if not entry.streams])
def test_a_clear_movement_of_a_still_face_is_found(name, portrait):
    spotter = SPOTTERS[name].offline(FPS)
    half = 10.0 if name == "he2021" else 6.5  # 12 frames at a third of the height are its least
    spots = watch(spotter, portrait, half=half)
    near = [spot for spot in spots if spot.kind == "micro" and abs(spot.apex_frame - APEX) <= 4]
    assert len(near) == 1
    assert near[0].onset_frame <= near[0].apex_frame <= near[0].offset_frame
    assert near[0].face_id == 4
    assert near[0].apex_s == pytest.approx(near[0].apex_frame / FPS)
    assert spotter.flush() == []


def test_relaxing_the_least_length_is_what_finds_short_ones(portrait):
    assert watch(SPOTTERS["he2021"].offline(FPS), portrait) == []


@pytest.mark.parametrize("name", ["mdmd", "he2021", "softnet-like"])
def test_a_recording_too_short_to_tell(name, portrait):
    assert watch(SPOTTERS[name].offline(FPS), portrait, frames=5) == []
    assert SPOTTERS[name].offline(FPS).flush() == []


def test_flow_goes_through_a_renewed_transform(portrait):
    """The same picture under two transforms has not moved."""
    first, second = face_at(portrait, 0, 0.0), face_at(portrait, 1, 0.0, anchor=1)
    matrix = np.array([[1, 0, 5], [0, 1, -3]], dtype=np.float32)
    moved = cv2.warpAffine(second.image, matrix, (128, 128), borderMode=cv2.BORDER_REPLICATE)
    shifted = AlignedFace(1, 0.1, moved, second.face, 1, matrix, second.landmarks_px)
    flow = FlowMeter().between(first, shifted)
    assert np.abs(flow[20:108, 20:108]).mean() < 0.2


def test_runs_over_a_threshold():
    assert runs_over(np.array([2, 0, 2, 3, 0, 2]), 1.0) == [(0, 0), (2, 3), (5, 5)]
    assert runs_over(np.zeros(3), 1.0) == []


def test_maximal_difference_by_hand():
    """Motion by 3 px that is gone k frames later, in half of the blocks: their mean is 3."""
    there_and_back = np.zeros((120, 120, 2), dtype=np.float32)
    there_and_back[:60, :, 0] = 3.0
    assert mdmd.maximal_difference(there_and_back, np.zeros_like(there_and_back)) == 3.0
    assert mdmd.maximal_difference(there_and_back, there_and_back) == 0.0
    stays = 2.0 * there_and_back
    assert mdmd.maximal_difference(there_and_back, stays) == 0.0  # the still blocks: difference 0


def test_relative_difference_by_hand():
    feature = np.array([1.0, 1.0, 5.0, 1.0, 1.0])
    np.testing.assert_allclose(mdmd.relative_difference(feature, 2), [0, 0, 4, 0, 0])


def test_top_mean_by_hand():
    vectors = np.array([[4.0, 0], [2.0, 0], [1.0, 0], [0, 0]])
    np.testing.assert_allclose(he2021.top_mean(vectors, 0.5), [3.0, 0.0])


def test_he_peaks_by_hand():
    """A rise of 4 px of a brow counts, one of 1 px does not."""
    motion = np.zeros((90, 13, 2))
    bump = np.sin(np.pi * np.arange(20) / 20) ** 2
    motion[20:40, 0, 1] = 4.0 * bump
    motion[60:80, 6, 1] = 1.0 * bump
    found = he2021.spans_of(motion, 30.0)
    assert len(found) == 1
    onset, apex, offset, height = found[0]
    assert 20 <= onset < apex == 30 < offset <= 40
    assert 3.0 < height < 4.1


def test_softnet_threshold_by_hand():
    score = np.zeros(100)
    score[30:34], score[60:64] = 10.0, 3.0  # the second stays below mean + 0.55 (max - mean)
    peaks = softnet_like.threshold_peaks(score, 4)
    assert len(peaks) == 1
    assert abs(peaks[0][0] - 32) <= 3
    assert peaks[0][1] > 1.0


def test_strength_takes_the_nose_off():
    flow = np.full((60, 60, 2), 2.0, dtype=np.float32)
    region, nose = (slice(0, 10), slice(0, 10)), (slice(30, 40), slice(30, 40))
    assert softnet_like.strength(flow, (region,), nose) == (0.0, 0.0)
    flow[:20, :20, 1] += 3.0
    assert softnet_like.strength(flow, (region,), nose)[0] == pytest.approx(3.0)


def test_faces_are_watched_apart(portrait):
    made = []

    class Silent:
        def __init__(self):
            made.append(self)
            self.seen = 0

        def push(self, face):
            self.seen += 1

        def finish(self):
            return []

    spotter = OfflineSpotter(Silent)
    one = face_at(portrait, 0, 0.0)
    other = AlignedFace(
        0, 0.0, one.image, SimpleNamespace(face_id=5), 0, one.frame_to_face, one.landmarks_px
    )
    spotter.push([one, other])
    spotter.push([other])
    assert [watcher.seen for watcher in made] == [1, 2]
