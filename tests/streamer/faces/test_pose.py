"""Head pose: hand-made turns, the mean head, and a rendered head of known pose."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.head_pose import TurnedHead, measure
from streamer.faces.detector import known_face
from streamer.faces.pose import HEAD_IOD, HEAD_POINTS, angles_deg, head_pose, rotation_of
from tests.streamer.faces.meshes import mesh_at, turned_mean_head
from training.synthetic.face_model import CANONICAL_LANDMARKS


def test_the_mean_head_is_that_of_training() -> None:
    np.testing.assert_allclose(HEAD_IOD, CANONICAL_LANDMARKS[list(HEAD_POINTS)], atol=1e-6)


@pytest.mark.parametrize(
    ("angles", "nose"),
    # The nose points at the camera, (0, 0, -1). sin 30 = 0.5, cos 30 = 0.866.
    [((30, 0, 0), (0.5, 0, -0.866)), ((0, 30, 0), (0, -0.5, -0.866)), ((0, 0, 30), (0, 0, -1))],
)
def test_signs_are_those_of_the_picture(
    angles: tuple[float, float, float], nose: tuple[float, float, float]
) -> None:
    """Yaw to the right edge, pitch up (y goes down), roll clockwise."""
    turn = rotation_of(*angles)
    np.testing.assert_allclose(turn @ [0, 0, -1], nose, atol=1e-3)
    np.testing.assert_allclose(angles_deg(turn), angles, atol=1e-9)
    if angles[2]:
        np.testing.assert_allclose(turn @ [1, 0, 0], (0.866, 0.5, 0), atol=1e-3)


@pytest.mark.parametrize("angles", [(0, 0, 0), (25, -10, 12), (-40, 20, -75), (5, 3, 170)])
def test_a_turned_head_has_its_pose(angles: tuple[float, float, float]) -> None:
    mesh = turned_mean_head(*angles) * 80.0 + (300.0, 200.0, 0.0)
    pose = head_pose(mesh.astype(np.float32))
    assert pose is not None
    np.testing.assert_allclose((pose.yaw_deg, pose.pitch_deg, pose.roll_deg), angles, atol=1e-3)
    # Turned to the side, eyes look closer together; the size of the head stays.
    assert pose.iod_px == pytest.approx(80.0, abs=1e-3)


def test_place_and_roll_of_a_real_mesh() -> None:
    upright = head_pose(mesh_at(300.0, 200.0, 60.0))
    leaning = head_pose(mesh_at(100.0, 90.0, 60.0, roll_deg=20.0))
    assert upright is not None and leaning is not None
    assert leaning.eyes_px == pytest.approx((100.0, 90.0), abs=1e-3)
    assert leaning.roll_deg - upright.roll_deg == pytest.approx(20.0, abs=1e-3)
    assert leaning.yaw_deg == pytest.approx(upright.yaw_deg, abs=1e-3)


@pytest.mark.parametrize("mesh", [np.zeros((468, 3)), np.full((468, 3), np.nan)])
def test_a_mesh_without_a_scale_has_none(mesh: np.ndarray) -> None:
    assert head_pose(mesh.astype(np.float32)) is None


def test_a_rendered_head_is_found_to_be_turned_as_it_was() -> None:
    """The mesh network reads pictures of a head whose pose is known; the portrait's own is not."""
    head = TurnedHead(known_face())
    turns = [(20.0, 0.0, 0.0), (0.0, 12.0, 0.0), (0.0, 0.0, 25.0)]
    rows = measure(head, turns)
    assert all(row is not None for row in rows)
    for wanted, row in zip(turns, rows, strict=True):
        assert row is not None
        np.testing.assert_allclose(row.turn_deg, wanted, atol=6.0)
        assert row.eyes_off_iod < 0.1
