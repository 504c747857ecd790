"""Drawn pairs: their truth explains the pictures, and they depend on their seed alone."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import streamer
from streamer.core.errors import SourceFormatError, SourceNotFoundError
from training.synthetic.action_units import Activation
from training.synthetic.pair_face import PairFace, Pose, State
from training.synthetic.pairs import PairRange, draw_pairs, read_pairs, write_pairs
from training.synthetic.pairs_run import mirror_portrait, vary_portrait
from training.synthetic.video import read_portrait

KNOWN_FACE = Path(streamer.__file__).parent / "assets" / "known_face.jpg"


@pytest.fixture(scope="module")
def portrait():
    return read_portrait(KNOWN_FACE, 320)


@pytest.fixture(scope="module")
def face(portrait):
    return PairFace(portrait, "known")


def unwarp(image, motion):
    """What lies at u + motion(u), brought back to u."""
    rows, columns = np.mgrid[0 : len(image), 0 : len(image)].astype(np.float32)
    at = np.stack([columns, rows], axis=-1) + motion.astype(np.float32)
    return cv2.remap(image, at, None, cv2.INTER_CUBIC).astype(np.float32)


def test_truth_brings_the_apex_back_to_the_onset(face):
    ranges = replace(PairRange(strength_iod=(0.08, 0.08), turned_share=0.0).clean(), yaw_deg=0.0)
    pairs = draw_pairs([face], 4, 3, ranges)
    inside = slice(8, 120)
    for onset, apex, motion in zip(pairs.onset, pairs.apex, pairs.motion, strict=True):
        before = np.abs(apex.astype(np.float32) - onset)[inside, inside].mean()
        after = np.abs(unwarp(apex, motion) - onset)[inside, inside].mean()
        assert after < 0.4 * before
    assert pairs.known.all()
    iod_px = 0.34 * 128
    assert 1.5 < np.abs(pairs.motion).max() < 3 * 0.08 * iod_px  # units of one recipe add up


def test_head_motion_is_part_of_the_truth(face):
    ranges = replace(PairRange(strength_iod=(0.01, 0.01)), head_shift_iod=0.05)
    pairs = draw_pairs([face], 3, 5, ranges)
    corner = np.abs(pairs.motion[:, 5, 5]).max(axis=-1)  # where no expression reaches
    assert corner.max() > 1.0


def test_a_pair_depends_on_seed_and_place_alone(face):
    three, one = draw_pairs([face], 3, 7), draw_pairs([face], 1, 7)
    np.testing.assert_array_equal(three.apex[0], one.apex[0])
    np.testing.assert_array_equal(three.motion[0], one.motion[0])
    assert not np.array_equal(three.apex[0], three.apex[1])
    assert not np.array_equal(one.apex[0], draw_pairs([face], 1, 8).apex[0])


def test_a_turned_face_knows_what_it_hides(face):
    ranges = replace(PairRange(), turned_share=1.0)
    pairs = draw_pairs([face], 8, 2, ranges)
    turned = np.abs(pairs.yaw_deg) > 20
    assert turned.any()
    assert pairs.known[turned].mean() > 0.8


def test_camera_and_face_coordinates_are_inverse(face):
    pose = Pose(60.0, (100.0, 90.0), roll=0.1, yaw=0.1, pitch=-0.05)
    state = State(pose, face.field([Activation("12", 0.06, 0.03)]))
    camera = np.mgrid[40:170:10, 40:170:10].transpose(1, 2, 0).astype(np.float32)
    found = face.to_camera(face.to_face(camera, state), state)
    assert np.abs(found - camera).max() < 0.05


def test_file_round_trip_and_refusals(face, tmp_path):
    pairs = draw_pairs([face], 2, 0)
    path = tmp_path / "pairs.npz"
    write_pairs(pairs, path, PairRange())
    held = read_pairs(path)
    assert held.person.tolist() == ["known", "known"]
    for name in ("onset", "apex", "motion", "known", "emotion", "strength_iod", "yaw_deg"):
        np.testing.assert_array_equal(getattr(held, name), getattr(pairs, name))
    with pytest.raises(SourceNotFoundError, match="mer-train pairs"):
        read_pairs(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(2))
    with pytest.raises(SourceFormatError, match="holds no pairs"):
        read_pairs(tmp_path / "other.npz")


def test_mirrored_portraits_keep_their_mesh(portrait):
    twice = mirror_portrait(mirror_portrait(portrait))
    np.testing.assert_array_equal(twice.image, portrait.image)
    np.testing.assert_allclose(twice.landmarks_px, portrait.landmarks_px, atol=1e-3)
    once = mirror_portrait(portrait)
    assert once.landmarks_px[33, 0] < once.landmarks_px[263, 0]  # image left stays image left


def test_varied_portraits_move_picture_and_mesh_together(portrait):
    """The patch around each eye corner still looks the same at its new place."""
    rng = np.random.default_rng(4)
    varied = vary_portrait(portrait, rng, bend_iod=0.03)
    original = portrait
    if np.abs(varied.landmarks_px - portrait.landmarks_px).mean() > 40:
        original = mirror_portrait(portrait)
    moved = varied.landmarks_px[:, :2] - original.landmarks_px[:, :2]
    assert 0.5 < np.linalg.norm(moved, axis=1).mean() < 40
    for index in (33, 263, 61, 291):
        here, there = (
            cv2.getRectSubPix(p.image, (9, 9), tuple(map(float, p.landmarks_px[index, :2])))
            for p in (original, varied)
        )
        assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.8


def test_impossible_strengths_are_refused():
    with pytest.raises(ValueError, match="strength_iod"):
        PairRange(strength_iod=(0.0, 0.1))
