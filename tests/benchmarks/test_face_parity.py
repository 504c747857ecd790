"""Parity with MediaPipe on what is bundled, and the counting itself by hand."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from benchmarks import face_parity as room

SHARED = Path(__file__).parents[3] / "shared" / "portraits"


def mesh(x_px, y_px):
    """Points around (x, y) with eyes 100 px apart."""
    points = np.zeros((468, 3), dtype=np.float32)
    points[[33, 133], 0], points[[362, 263], 0] = -50, 50
    return points + np.float32([x_px, y_px, 0])


def test_distances_and_faces_are_counted_by_hand():
    """One face is off by 3 and 4 of 100 px; one is ours only, two are theirs only."""
    score = room.Score()
    score.add(
        ours=[mesh(500, 0), mesh(3, 4)],
        theirs=[mesh(0, 0), mesh(1000, 0), mesh(500, 60)],
    )
    numbers = score.numbers()
    assert (numbers["both"], numbers["ours_only"], numbers["theirs_only"]) == (1, 1, 2)
    assert numbers["median_iod"] == numbers["p95_iod"] == pytest.approx(0.05)


def images():
    """What is bundled, and a portrait in a wide picture: name and pictures."""
    yield from itertools.islice(room._sources([], seconds=0.5), 2)
    face = room.known_face()
    wide = np.pad(face, ((20, 0), (200, 120), (0, 0)), mode="edge")
    yield "wide", iter([wide, np.roll(wide, (4, 9), axis=(0, 1)), wide[:, ::-1].copy()])


@pytest.fixture(scope="module")
def sides():
    pytest.importorskip("mediapipe", reason="mediapipe is an extra, and none for Python 3.13")
    return room.Ours(), room.Theirs()


def check(sides, name, pictures):
    for kind, score in room.compared(*sides, pictures).items():
        assert room._reached(score.numbers()), (name, kind, score.numbers())


def test_bundled_pictures_have_the_same_faces_at_the_same_places(sides):
    for name, pictures in images():
        check(sides, name, pictures)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared portraits")
def test_portraits_have_the_same_faces_at_the_same_places(sides):
    for name, pictures in room._sources([SHARED], seconds=0.0):
        check(sides, name, pictures)
